"""Mail goes out: one send per recipient, at least once and at most once more."""
