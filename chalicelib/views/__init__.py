"""Saved lists of tickets: what each shows, and reading them."""
