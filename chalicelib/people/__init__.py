"""Who writes to the desk: persons and their addresses."""
