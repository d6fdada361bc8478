"""A mail comes in: read, screened, matched, and made into a ticket, an article or a suspended mail."""
