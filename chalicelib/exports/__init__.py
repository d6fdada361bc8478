"""Exports: everything a tenant has, as a bundle of files that can be checked without the desk."""
