"""A mail comes in: read, screened, matched, made into a ticket, an article or suspended."""
