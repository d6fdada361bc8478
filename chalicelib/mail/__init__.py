"""A codec for mail: bytes to what a desk can use, and back. It knows no tickets."""
