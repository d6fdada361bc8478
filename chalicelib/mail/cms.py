"""Signed and encrypted structures (CMS, RFC 5652): walked within limits, signatures checked. Pure.

Mail programs write them in BER, with lengths left open; those are closed first. Only the structure
is walked here, every step of cryptography is the library's. What it means for a mail is said in
`smime.py`.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.hashes import HashAlgorithm
    from cryptography.x509 import Certificate

MAX_DEPTH = 12  # of elements with open lengths in one another
MAX_ELEMENTS = 100_000  # that open lengths or pieces of content are made of
MAX_MEMBERS = 100  # of one list: certificates, attributes
MAX_RECIPIENTS = 2_000
MAX_CERTIFICATES = 20
MAX_FIELDS = 10  # of one structure

SIGNED = bytes.fromhex("2a864886f70d010702")
ENVELOPED = bytes.fromhex("2a864886f70d010703")
AUTH_ENVELOPED = bytes.fromhex("2a864886f70d0109100117")

_SEQUENCE, _SET, _OCTETS, _INTEGER, _OBJECT_ID = 0x30, 0x31, 0x04, 0x02, 0x06
_CONSTRUCTED, _HIGH_TAG = 0x20, 0x1F
_FIRST, _FIRST_PLAIN = 0xA0, 0x80  # the tag [0], with structure and without
_OPEN = 0x80
_CONTENT_TYPE = bytes.fromhex("2a864886f70d010903")
_MESSAGE_DIGEST = bytes.fromhex("2a864886f70d010904")
_RSA_PSS = bytes.fromhex("2a864886f70d01010a")
# SHA-1 and MD5 are missing on purpose: what they sign, others can have signed.
_DIGESTS = {
    bytes.fromhex("608648016503040201"): "sha256",
    bytes.fromhex("608648016503040202"): "sha384",
    bytes.fromhex("608648016503040203"): "sha512",
}
# Signature algorithms that name a hash of their own: RSA, then ECDSA.
_HASHES = {
    bytes.fromhex("2a864886f70d01010b"): "sha256",
    bytes.fromhex("2a864886f70d01010c"): "sha384",
    bytes.fromhex("2a864886f70d01010d"): "sha512",
    bytes.fromhex("2a8648ce3d040302"): "sha256",
    bytes.fromhex("2a8648ce3d040303"): "sha384",
    bytes.fromhex("2a8648ce3d040304"): "sha512",
}


class Unreadable(ValueError):
    """The bytes are no such structure, or they use what cannot be checked here."""


@dataclass(frozen=True, slots=True)
class Element:
    """One value: its tag, what is in it, and all of its bytes."""

    tag: int
    content: memoryview
    whole: memoryview

    def members(self, most: int = MAX_MEMBERS) -> list[Element]:
        """The values in this one."""
        found: list[Element] = []
        at = 0
        while at < len(self.content):
            if len(found) == most:
                raise Unreadable("A list is longer than any that is honest.")
            element, at = _element(self.content, at)
            found.append(element)
        return found

    def octets(self) -> bytes:
        """The bytes of an octet string, whether it came whole or in pieces."""
        if not self.tag & _CONSTRUCTED:
            return bytes(self.content)
        pieces = self.members(MAX_ELEMENTS)
        # Pieces of pieces would let a small mail keep us busy for long.
        if any(piece.tag != _OCTETS for piece in pieces):
            raise Unreadable("A piece is no piece of bytes.")
        return b"".join(piece.content for piece in pieces)


@dataclass(frozen=True, slots=True)
class SignedData:
    """What was signed (None: it stands elsewhere), the certificates that came along, who signed."""

    content: bytes | None
    content_type: bytes
    certificates: tuple[memoryview, ...]
    signers: tuple[Element, ...]


def unwrap(content: bytes) -> tuple[bytes, Element]:
    """The type of a structure, as the bytes of its object id, and the structure. Or Unreadable."""
    whole = memoryview(_Lengths(content).closed(0, 0)[0])
    kind, inner = _only(_element(whole, 0)[0], 2)
    return bytes(kind.content), _only(inner, 1)[0]


def read_signed(body: Element) -> SignedData:
    """What stands in a structure of type SIGNED. Or Unreadable."""
    members = _at_least(body, 4)
    kind, *inner = members[2].members()
    content = _only(inner[0], 1)[0].octets() if inner else None
    bag = members[3].members() if members[3].tag == _FIRST else []
    certificates = tuple(one.whole for one in bag if one.tag == _SEQUENCE)[:MAX_CERTIFICATES]
    return SignedData(content, bytes(kind.content), certificates, tuple(members[-1].members()))


def signer_of(signed: SignedData, content: bytes) -> Certificate | None:
    """The certificate whose key signed this content; None where nobody's did.

    Unreadable where that cannot be found out: old hashes, no certificate, an unusual form.
    """
    if len(signed.signers) != 1:
        raise Unreadable("There must be one signature.")
    _, who, digest, attributes, algorithm, signature, *_ = _at_least(signed.signers[0], 6)
    named = _attributes(attributes)
    name = _DIGESTS.get(_object_id(digest))
    candidates = [one for one in loaded(signed) if _is_named(one, who)]
    if name is None or not candidates:
        raise Unreadable("The hash is not accepted, or the certificate is missing.")
    if named[_MESSAGE_DIGEST] != hashlib.new(name, content).digest():
        return None
    if named[_CONTENT_TYPE] != signed.content_type:
        return None
    # The signature is made over the attributes as a set, whatever tag they travel under.
    over = _encoded(_SET, attributes.content)
    made_by = (one for one in candidates if _signed(one, signature, over, algorithm, name))
    return next(made_by, None)


def loaded(signed: SignedData) -> list[Certificate]:
    """The certificates that came along."""
    from cryptography import x509

    return [x509.load_der_x509_certificate(bytes(whole)) for whole in signed.certificates]


def closed_envelope(body: Element) -> tuple[bytes, frozenset[int]]:
    """An encrypted structure in the form that the library reads, and its recipients' serials."""
    members = body.members()
    tags = [member.tag for member in members]
    place = tags.index(_SET)
    kind, algorithm, content = _only(members[place + 1], 3)
    if content.tag == _FIRST:
        whole = memoryview(_encoded(_FIRST_PLAIN, content.octets()))
        content, _ = _element(whole, 0)
    encrypted = _encoded(_SEQUENCE, kind.whole, algorithm.whole, content.whole)
    parts = [one.whole for one in members]
    parts[place + 1] = memoryview(encrypted)
    envelope = _encoded(_FIRST, _encoded(_SEQUENCE, *parts))
    serials = (_serial(one) for one in members[place].members(MAX_RECIPIENTS))
    closed = _encoded(_SEQUENCE, _encoded(_OBJECT_ID, ENVELOPED), envelope)
    return closed, frozenset(serial for serial in serials if serial is not None)


def _serial(recipient: Element) -> int | None:
    """The serial of the certificate that a key is encrypted for; None where it is not told."""
    if recipient.tag != _SEQUENCE:
        return None
    who = _at_least(recipient, 2)[1]
    return _number(_only(who, 2)[1]) if who.tag == _SEQUENCE else None


def _attributes(element: Element) -> dict[bytes, bytes]:
    """What was signed along with the content, by object id; each stands there once."""
    found: dict[bytes, bytes] = {}
    for attribute in element.members() if element.tag == _FIRST else ():
        kind, values = _only(attribute, 2)
        if bytes(kind.content) in found:
            raise Unreadable("An attribute is there twice.")
        several = values.members()
        found[bytes(kind.content)] = bytes(several[0].content) if len(several) == 1 else b""
    if not {_CONTENT_TYPE, _MESSAGE_DIGEST} <= set(found):
        # Without them a signature over one thing can be passed off as one over another.
        raise Unreadable("Nothing says which content was signed.")
    return found


def _is_named(certificate: Certificate, who: Element) -> bool:
    from cryptography import x509

    if who.tag == _SEQUENCE:
        return certificate.serial_number == _number(_only(who, 2)[1])
    try:
        named = certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
    except x509.ExtensionNotFound:
        return False
    return named.value.digest == who.octets()


def _signed(
    certificate: Certificate, signature: Element, over: bytes, algorithm: Element, digest: str
) -> bool:
    """Whether the key of that certificate made the signature."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

    kind = _object_id(algorithm)
    chosen = _hash(_HASHES.get(kind, digest))
    key = certificate.public_key()
    try:
        if isinstance(key, rsa.RSAPublicKey) and kind == _RSA_PSS:
            scheme = padding.PSS(padding.MGF1(chosen), padding.PSS.AUTO)
            key.verify(signature.octets(), over, scheme, chosen)
        elif isinstance(key, rsa.RSAPublicKey):
            key.verify(signature.octets(), over, padding.PKCS1v15(), chosen)
        elif isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(signature.octets(), over, ec.ECDSA(chosen))
        else:
            raise Unreadable("Keys are RSA or of an elliptic curve.")
    except InvalidSignature:
        return False
    return True


def _hash(name: str) -> HashAlgorithm:
    from cryptography.hazmat.primitives import hashes

    known: dict[str, HashAlgorithm] = {
        "sha256": hashes.SHA256(),
        "sha384": hashes.SHA384(),
        "sha512": hashes.SHA512(),
    }
    return known[name]


# Elements. -----------------------------------------------------------------------------------


class _Lengths:
    """Closes open lengths in one pass; what already has a length is taken as it is."""

    def __init__(self, content: bytes) -> None:
        self.content = memoryview(content)
        self.left = MAX_ELEMENTS

    def closed(self, at: int, depth: int) -> tuple[bytes | memoryview, int]:
        """The element that begins there, with its length, and where it ends."""
        self.left -= 1
        if self.left < 0 or depth > MAX_DEPTH:
            raise Unreadable("More pieces than any mail needs.")
        tag, size, body = _head(self.content, at)
        if size is not None:
            return self.content[at : _end(self.content, body, size)], body + size
        pieces: list[bytes | memoryview] = []
        while bytes(self.content[body : body + 2]) != b"\0\0":
            piece, body = self.closed(body, depth + 1)
            pieces.append(piece)
        return _encoded(tag | _CONSTRUCTED, *pieces), body + 2


def _element(content: memoryview, at: int) -> tuple[Element, int]:
    tag, size, body = _head(content, at)
    if size is None:
        raise Unreadable("A length is open inside of a closed one.")
    end = _end(content, body, size)
    return Element(tag, content[body:end], content[at:end]), end


def _head(content: memoryview, at: int) -> tuple[int, int | None, int]:
    """The tag of an element, its length in bytes (None: open), and where its content begins."""
    if at + 2 > len(content):
        raise Unreadable("The structure is cut off.")
    tag, size = content[at], content[at + 1]
    if tag & _HIGH_TAG == _HIGH_TAG:
        raise Unreadable("No such tag is used here.")
    if size == _OPEN:
        return tag, None, at + 2
    if size < _OPEN:
        return tag, size, at + 2
    count = size & 0x7F
    if count > 4:  # noqa: PLR2004 - bytes of a length, enough for 4 GB
        raise Unreadable("Nothing is as long as that.")
    body = at + 2 + count
    return tag, int.from_bytes(content[at + 2 : body], "big"), body


def _end(content: memoryview, body: int, size: int) -> int:
    if body + size > len(content):
        raise Unreadable("The structure is cut off.")
    return body + size


def _encoded(tag: int, *pieces: bytes | memoryview) -> bytes:
    size = sum(map(len, pieces))
    if size < _OPEN:
        return b"".join((bytes((tag, size)), *pieces))
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return b"".join((bytes((tag, _OPEN | len(length))), length, *pieces))


def _only(element: Element, count: int) -> list[Element]:
    members = element.members(count)
    if len(members) != count:
        raise Unreadable("No structure of this kind.")
    return members


def _at_least(element: Element, count: int) -> list[Element]:
    members = element.members(MAX_FIELDS)
    if len(members) < count:
        raise Unreadable("No structure of this kind.")
    return members


def _object_id(algorithm: Element) -> bytes:
    return bytes(_at_least(algorithm, 1)[0].content)


def _number(element: Element) -> int:
    if element.tag != _INTEGER:
        raise Unreadable("That is no number.")
    return int.from_bytes(element.content, "big", signed=True)
