"""The tenant's secret keys: what they sign, and how a signature is checked. Pure.

Every signature names its purpose, so that one made for a link never opens a session. Keys have ids:
the newest signs, all of them verify, and the operator drops an old one when its time is over. The
pepper hides addresses in table keys; it never changes, since the keys would change with it.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from chalicelib.errors import DeskError

# 130 bits in base32: mail systems lower-case local parts, so case must carry nothing.
SIGNATURE_LENGTH = 26


class KeysError(DeskError):
    """The stored keys cannot be read."""

    code = "keys"


@dataclass(frozen=True, slots=True)
class Keys:
    """`signing` is ordered, newest first."""

    pepper: bytes
    signing: Mapping[str, bytes]

    @classmethod
    def from_json(cls, text: str) -> Keys:
        """Read `{"pepper": base64, "signing": {id: base64, ...}}`, newest key first."""
        try:
            stored = json.loads(text)
            signing = {name: base64.b64decode(key) for name, key in stored["signing"].items()}
            pepper = base64.b64decode(stored["pepper"])
        except (ValueError, KeyError, AttributeError, TypeError) as error:
            raise KeysError(
                "Write the keys with `python -m infra keys`: they are no JSON."
            ) from error
        if len(pepper) < 32 or not signing or any(len(key) < 32 for key in signing.values()):  # noqa: PLR2004
            raise KeysError("Write the keys with `python -m infra keys`: 32 bytes each.")
        return cls(pepper, signing)

    def sign(self, purpose: str, text: str) -> str:
        """A signature of 26 lower-case letters and digits."""
        return _signature(next(iter(self.signing.values())), purpose, text)

    def is_signed(self, purpose: str, text: str, signature: str) -> bool:
        """Whether any of our keys made that signature; takes the same time for every wrong one."""
        given = signature.lower().encode()
        matches = [
            hmac.compare_digest(_signature(key, purpose, text).encode(), given)
            for key in self.signing.values()
        ]
        return any(matches)

    def secret(self, purpose: str, name: str) -> bytes:
        """A secret of 32 bytes to share with one other party; it is always the same."""
        # With another hash than `hide` has: neither tells anything of the other.
        content = f"{purpose}\0{name}".encode()
        return hmac.new(self.pepper, content, hashlib.sha512).digest()[:32]

    def hide(self, value: str) -> str:
        """A digest to use in a table key, so that no key holds an address."""
        return _hidden(self.pepper, value)


@lru_cache(maxsize=1024)
def _hidden(pepper: bytes, value: str) -> str:
    # One mail asks for the same few addresses again and again.
    return hmac.new(pepper, value.encode(), hashlib.sha256).hexdigest()[:32]


def _signature(key: bytes, purpose: str, text: str) -> str:
    digest = hmac.new(key, f"{purpose}\0{text}".encode(), hashlib.sha256).digest()
    return base64.b32encode(digest).decode().lower()[:SIGNATURE_LENGTH]
