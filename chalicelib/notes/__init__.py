"""Notes: what agents write down about persons and organizations, and are reminded of."""
