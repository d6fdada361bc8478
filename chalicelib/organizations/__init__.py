"""Organizations: who belongs together among those who write, by the domains of their addresses."""
