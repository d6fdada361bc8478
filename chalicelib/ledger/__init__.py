"""The ledger: what happened, entry by entry, chained per ticket, published to the bus."""
