"""Webhooks: calls to others, made until they are heard, and events of others."""
