"""Erasure: what a person told the desk is forgotten, what happened to their tickets is not."""
