from __future__ import annotations

import base64
import json

import pytest

from chalicelib.keys import Keys, KeysError


def stored(*names: str) -> str:
    signing = {name: base64.b64encode(name[-1].encode() * 32).decode() for name in names}
    return json.dumps({"pepper": base64.b64encode(b"p" * 32).decode(), "signing": signing})


def test_the_newest_key_signs_and_all_of_them_verify() -> None:
    old, rotated = Keys.from_json(stored("k1")), Keys.from_json(stored("k2", "k1"))
    signature = old.sign("link", "1001")
    assert rotated.is_signed("link", "1001", signature)
    assert rotated.sign("link", "1001") != signature
    assert not Keys.from_json(stored("k2")).is_signed("link", "1001", signature)


def test_a_signature_has_128_bits_and_survives_lower_case() -> None:
    signature = Keys.from_json(stored("k1")).sign("reply", "1")
    assert len(signature) * 5 >= 128
    assert signature == signature.lower()


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"pepper": "eA==", "signing": {"k1": "eA=="}}', '{"signing": 1}']
)
def test_unusable_keys_are_refused_with_what_to_do(text: str) -> None:
    with pytest.raises(KeysError, match="python -m infra keys"):
        Keys.from_json(text)
