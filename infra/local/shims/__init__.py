"""What the emulator gets wrong or leaves out, mended one thing per module.

Each module has one `apply`. They run in the emulator's own process and Python, before it serves.
`tests/infra/test_local_shims.py` holds a contract for each: it shows when a new version of the
emulator needs one no longer.
"""
