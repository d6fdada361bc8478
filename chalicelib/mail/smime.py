"""S/MIME: mails signed on their way out, opened and checked on their way in. Pure.

A state is empty for a mail without S/MIME; else it is one word, or two with a comma between:

- `encrypted`: it came encrypted and was opened.
- `cannot_decrypt`: it is encrypted, or wrapped in another way, and stays as it came.
- `signed`: the signature fits, and an authority of the desk vouches that the signer is the sender.
- `signed_untrusted`: the signature fits, but nobody we know says that the sender made it.
- `signature_broken`: what arrived is not what was signed.
- `signature_unchecked`: there is a signature of a kind that cannot be checked here.

A state is shown and decides nothing: whether a mail is trusted is said by the verdicts of its
receipt and by signatures of our own. Sender and subject are neither signed nor encrypted, only the
content is. Nobody is asked for revocations. Opened are mails that are S/MIME as a whole, not parts
of others. `cryptography` is imported when the first such mail comes.
"""

from __future__ import annotations

import binascii
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass

from chalicelib.mail import certificates, cms
from chalicelib.mail.addresses import parse_addresses
from chalicelib.mail.bodies import decoded
from chalicelib.mail.certificates import KeyPair, Trust
from chalicelib.mail.headers import MAX_BLOCK, read_headers
from chalicelib.mail.structure import Part, read_structure

__all__ = ["KeyPair", "Opened", "Trust", "is_smime", "open_mail", "sign"]

MAX_LAYERS = 3

ENCRYPTED, CANNOT_DECRYPT = "encrypted", "cannot_decrypt"
SIGNED, UNTRUSTED = "signed", "signed_untrusted"
BROKEN, UNCHECKED = "signature_broken", "signature_unchecked"

_BLANK_LINE = re.compile(rb"\n\r?\n")
_LINE_END = re.compile(rb"\r?\n")
# A language stands outside as well as inside: it is known before anything is opened.
_ABOUT = rb"content-(?:type|transfer-encoding|disposition|id|description|location)"
_FIELD = rb"^(?:%s)[ \t]*:[^\n]*+(?:\n[ \t][^\n]*+)*+\n?"
_OUTSIDE = re.compile(_FIELD % (_ABOUT + b"|mime-version"), re.IGNORECASE | re.MULTILINE)
_INSIDE = re.compile(_FIELD % (_ABOUT + b"|content-language"), re.IGNORECASE | re.MULTILINE)
_WRAPPED = {"application/pkcs7-mime", "application/x-pkcs7-mime"}
_APART = {"application/pkcs7-signature", "application/x-pkcs7-signature"}
_PARTS = 2  # of a mail with its signature beside the content

Keys = Sequence[KeyPair]


@dataclass(frozen=True, slots=True)
class Opened:
    """A mail as it should be read, and its state."""

    raw: bytes
    state: str = ""


def is_smime(raw: bytes) -> bool:
    """Whether the mail says to be S/MIME as a whole; looks at the header block only."""
    blank = _BLANK_LINE.search(raw, 0, MAX_BLOCK)
    block = raw[: blank.start() if blank else MAX_BLOCK].lower()
    return b"pkcs7" in block or b".p7m" in block


# In. -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Layer:
    """A mail with one layer taken off, and whether there may be another one below."""

    raw: bytes
    opened: str = ""
    signature: str = ""
    is_off: bool = False


def open_mail(raw: bytes, keys: Keys, trust: Trust) -> Opened:
    """The mail behind encryption and signatures, under the headers of the outer one.

    Raises nothing, whatever the bytes.
    """
    if not is_smime(raw):
        return Opened(raw)
    opened = signature = ""
    for _ in range(MAX_LAYERS):
        layer = _layer(raw, keys, trust)
        raw = layer.raw
        opened = layer.opened or opened
        # The innermost signature is the writer's; others are added on the way.
        signature = layer.signature or signature
        if not layer.is_off:
            break
    return Opened(raw, ",".join(filter(None, (opened, signature))))


def _layer(raw: bytes, keys: Keys, trust: Trust) -> _Layer:
    unread = _Layer(raw)
    try:
        root = read_structure(raw)
        if _is_signed_apart(root):
            unread = _Layer(raw, signature=UNCHECKED)
            return _Layer(raw, signature=_checked_apart(raw, root, trust))
        if _is_wrapped(root):
            is_signature = root.parameters.get("smime-type", "").lower() == "signed-data"
            unread = _Layer(raw, signature=UNCHECKED) if is_signature else _locked(raw)
            return _unwrapped(raw, root, keys, trust)
    except Exception:  # noqa: BLE001 - what strangers send fails in the way of every library
        return unread
    return unread


def _locked(raw: bytes) -> _Layer:
    return _Layer(raw, opened=CANNOT_DECRYPT)


def _is_signed_apart(root: Part) -> bool:
    # With a third part, unsigned words could be read as if they were signed.
    is_pair = root.content_type == "multipart/signed" and len(root.children) == _PARTS
    return is_pair and root.children[1].content_type in _APART


def _is_wrapped(root: Part) -> bool:
    named = root.disposition_parameters.get("filename") or root.parameters.get("name") or ""
    is_named = root.content_type == "application/octet-stream" and named.lower().endswith(".p7m")
    return is_named or root.content_type in _WRAPPED


def _checked_apart(raw: bytes, root: Part, trust: Trust) -> str:
    second = root.children[1]
    delimiter = re.escape(b"--" + root.parameters["boundary"].encode())
    line = re.compile(rb"^" + delimiter + rb"[ \t]*\r?\n", re.MULTILINE)
    # The same two parts as those that are shown, or it would vouch for something unseen.
    begin, end = line.finditer(raw, root.start, second.start)
    if read_headers(raw, end.end(), second.end)[1] != second.start:
        raise cms.Unreadable("Where the signature begins is not clear.")
    kind, body = cms.unwrap(decoded(raw, second))
    if kind != cms.SIGNED:
        raise cms.Unreadable("No signature.")
    signed = _LINE_END.sub(b"\r\n", raw[begin.end() : end.start()])
    # The line break in front of a delimiter belongs to the delimiter.
    return _word(root, cms.read_signed(body), signed.removesuffix(b"\r\n"), trust)


def _unwrapped(raw: bytes, root: Part, keys: Keys, trust: Trust) -> _Layer:
    kind, body = cms.unwrap(decoded(raw, root))
    if kind in {cms.ENVELOPED, cms.AUTH_ENVELOPED}:
        inner = _decrypted(body, keys) if kind == cms.ENVELOPED else None
        if inner is None:
            return _locked(raw)
        return _Layer(_under(raw, root, inner), opened=ENCRYPTED, is_off=True)
    if kind != cms.SIGNED:
        return _locked(raw)
    signed = cms.read_signed(body)
    if signed.content is None:
        return _Layer(raw)
    try:
        word = _word(root, signed, signed.content, trust)
    except Exception:  # noqa: BLE001 - the content is there, whatever is wrong with its signature
        word = UNCHECKED
    return _Layer(_under(raw, root, signed.content), signature=word, is_off=True)


def _word(root: Part, signed: cms.SignedData, content: bytes, trust: Trust) -> str:
    signer = cms.signer_of(signed, content)
    if signer is None:
        return BROKEN
    senders = parse_addresses(", ".join(root.headers.every("from")))
    is_sender = len(senders) == 1 and senders[0].address.lower() in certificates.addresses(signer)
    is_known = is_sender and certificates.is_vouched_for(signer, cms.loaded(signed), trust)
    return SIGNED if is_known else UNTRUSTED


def _decrypted(body: cms.Element, keys: Keys) -> bytes | None:
    """What is in the envelope; None where it is not for us, or encrypted in a way unknown here."""
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.hazmat.primitives.serialization import pkcs7

    envelope, serials = cms.closed_envelope(body)
    for pair in keys:
        certificate = certificates.read_chain(pair.certificate)[0]
        if certificate.serial_number not in serials:
            continue
        key = certificates.read_key(pair)
        if isinstance(key, RSAPrivateKey):
            return pkcs7.pkcs7_decrypt_der(envelope, certificate, key, [])
    return None


def _under(raw: bytes, root: Part, inner: bytes) -> bytes:
    """The inner mail with the headers of the outer one, but for those that describe its content."""
    outside = _OUTSIDE.sub(b"", raw[: root.start]).rstrip(b"\r\n")
    _, start = read_headers(inner, 0, len(inner))
    about = [field.rstrip(b"\r\n") for field in _INSIDE.findall(inner[:start])]
    return b"\r\n".join((outside, *about, b"", inner[start:]))


# Out. ----------------------------------------------------------------------------------------


def sign(raw: bytes, pair: KeyPair) -> bytes:
    """The mail with a signature beside its content. CertificateError where the pair is no use."""
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.serialization import Encoding, pkcs7

    headers, content = _apart(raw)
    certificate, *others = certificates.read_chain(pair.certificate)
    builder = pkcs7.PKCS7SignatureBuilder().set_data(content)
    builder = builder.add_signer(certificate, certificates.read_key(pair), hashes.SHA256())
    for other in others:
        builder = builder.add_certificate(other)
    options = [pkcs7.PKCS7Options.DetachedSignature, pkcs7.PKCS7Options.Binary]
    signature = binascii.b2a_base64(builder.sign(Encoding.DER, options), newline=False)
    lines = [signature[at : at + 76] for at in range(0, len(signature), 76)]
    # No content holds its own hash, so this line is in none.
    boundary = b"=_" + hashlib.sha256(content).hexdigest()[:40].encode()
    return b"\r\n".join(
        (
            headers,
            b"MIME-Version: 1.0",
            b'Content-Type: multipart/signed; protocol="application/pkcs7-signature";',
            b' micalg="sha-256"; boundary="' + boundary + b'"',
            b"",
            b"--" + boundary,
            content,
            b"--" + boundary,
            b'Content-Type: application/pkcs7-signature; name="smime.p7s"',
            b"Content-Transfer-Encoding: base64",
            b'Content-Disposition: attachment; filename="smime.p7s"',
            b"",
            *lines,
            b"--" + boundary + b"--",
            b"",
        )
    )


def _apart(raw: bytes) -> tuple[bytes, bytes]:
    """The headers of the mail, and its content with the headers that describe it, as signed."""
    blank = _BLANK_LINE.search(raw)
    if blank is None:
        raise ValueError("A mail has headers, and an empty line behind them.")
    head, body = raw[: blank.start() + 1], raw[blank.end() :]
    fields = [field.rstrip(b"\r\n") for field in _INSIDE.findall(head)]
    content = b"\r\n".join((*fields, b"", body))
    if not content.isascii():
        content = _in_seven_bits(content)
    return _OUTSIDE.sub(b"", head).rstrip(b"\r\n"), _LINE_END.sub(b"\r\n", content)


def _in_seven_bits(content: bytes) -> bytes:
    """The same content in a form that no mail server recodes, which would break the signature."""
    from email import message_from_bytes, policy

    kept = policy.SMTP.clone(cte_type="7bit", refold_source="none")
    return message_from_bytes(content, policy=kept).as_bytes()
