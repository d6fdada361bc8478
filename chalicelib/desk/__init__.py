"""What an administrator decides: groups, agents, calendars, policies; versioned, read by all."""
