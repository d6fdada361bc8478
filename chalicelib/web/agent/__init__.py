"""The pages of the agents, behind a session."""
