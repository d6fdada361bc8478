"""Macros: what an agent does often, proposed as a draft, and done in one change."""
