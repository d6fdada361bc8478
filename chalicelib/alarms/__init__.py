"""Everything that has to happen at an instant, found by one sparse index."""
