"""Triggers and automations: what follows by itself from what happens to a ticket, and from time."""
