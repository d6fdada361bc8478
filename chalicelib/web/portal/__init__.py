"""The pages of the customers, behind a signed link."""
