"""Promises on the clock: the sweep that notices a breach, the escalation that follows it."""
