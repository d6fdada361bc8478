"""Certificates and keys for tests of S/MIME, made when they are asked for and kept nowhere."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from chalicelib.mail.certificates import KeyPair

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
CERTIFIES = {"key_cert_sign", "crl_sign"}
SIGNS = {"digital_signature", "key_encipherment"}
USAGES = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
    "encipher_only",
    "decipher_only",
)


@dataclass(frozen=True)
class Holder:
    """Somebody with a key and a certificate."""

    certificate: x509.Certificate
    key: Any

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(Encoding.PEM)

    @property
    def key_pem(self) -> bytes:
        return self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())

    @property
    def pair(self) -> KeyPair:
        return KeyPair(self.pem, self.key_pem)


@cache
def rsa_key(number: int = 0, bits: int = 2048) -> rsa.RSAPrivateKey:
    """Slow to make, so tests share a few."""
    del number
    return rsa.generate_private_key(65537, bits)


def _made(name: str, key: Any, issuer: Holder | None, days: tuple[int, int]) -> Any:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW + timedelta(days=days[0]))
        .not_valid_after(NOW + timedelta(days=days[1]))
    )


def _usage(wanted: set[str]) -> x509.KeyUsage:
    return x509.KeyUsage(**{usage: usage in wanted for usage in USAGES})


def authority(name: str = "Authority", *, by: Holder | None = None) -> Holder:
    key = ec.generate_private_key(ec.SECP256R1())
    made = (
        _made(name, key, by, (-10, 1000))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(_usage(CERTIFIES), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    return Holder(made.sign(by.key if by else key, hashes.SHA256()), key)


def holder(
    address: str,
    *,
    by: Holder | None = None,
    key: Any = None,
    days: tuple[int, int] = (-1, 365),
    purpose: x509.ObjectIdentifier = ExtendedKeyUsageOID.EMAIL_PROTECTION,
) -> Holder:
    """Whom a certificate for that mail address was issued to, by an authority or by themselves."""
    key = key or ec.generate_private_key(ec.SECP256R1())
    made = (
        _made(address, key, by, days)
        .add_extension(x509.SubjectAlternativeName([x509.RFC822Name(address)]), critical=False)
        .add_extension(_usage(SIGNS), critical=True)
        .add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
    )
    return Holder(made.sign(by.key if by else key, hashes.SHA256()), key)
