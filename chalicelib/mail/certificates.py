"""Certificates of S/MIME: whose they are, until when, who vouches for them. Pure.

They come from outside or from the operator, so everything here is checked before it is used.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from chalicelib.errors import DeskError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.x509 import Certificate

    PrivateKey = RSAPrivateKey | EllipticCurvePrivateKey

MIN_RSA_BITS = 2048


class CertificateError(DeskError):
    """A certificate or a key cannot be used; the message says why."""

    code = "certificate"


@dataclass(frozen=True, slots=True)
class KeyPair:
    """A PEM certificate, those of its authorities after it, and its PEM key without a password."""

    certificate: bytes
    key: bytes


@dataclass(frozen=True, slots=True)
class Trust:
    """What signers are measured against: PEM certificates of authorities, and the time."""

    authorities: bytes
    now: datetime


def read_chain(pem: bytes) -> list[Certificate]:
    """The certificates in a PEM text, at least one."""
    from cryptography import x509

    try:
        return x509.load_pem_x509_certificates(pem)
    except ValueError as error:
        raise CertificateError("That is no certificate in PEM form.") from error


def read_key(pair: KeyPair, *, is_new: bool = False) -> PrivateKey:
    """The private key, which belongs to the first certificate.

    The numbers of a new one are checked; that takes long, so it is not done again for every mail.
    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric import ec, rsa
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        key = load_pem_private_key(pair.key, None, unsafe_skip_rsa_key_validation=not is_new)
    except TypeError as error:
        raise CertificateError("The key has a password: take it off first.") from error
    except (ValueError, UnsupportedAlgorithm) as error:
        raise CertificateError("That is no private key in PEM form.") from error
    if not isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
        raise CertificateError("The key must be RSA or of an elliptic curve.")
    if key.public_key() != read_chain(pair.certificate)[0].public_key():
        raise CertificateError("The key does not belong to the certificate.")
    return key


def check(pem: bytes, address: str, now: datetime) -> None:
    """Raise CertificateError unless this address can sign with that certificate now."""
    from cryptography.hazmat.primitives.asymmetric import ec, rsa

    certificate = read_chain(pem)[0]
    found = addresses(certificate)
    if address.lower() not in found:
        raise CertificateError(
            f"The certificate is for {', '.join(sorted(found)) or 'no address'}."
        )
    if now > certificate.not_valid_after_utc:
        raise CertificateError(f"It ended on {certificate.not_valid_after_utc:%Y-%m-%d}.")
    if now < certificate.not_valid_before_utc:
        raise CertificateError(f"It begins on {certificate.not_valid_before_utc:%Y-%m-%d}.")
    if not may_sign_mail(certificate):
        raise CertificateError("It is not for signing mail.")
    key = certificate.public_key()
    is_long = isinstance(key, rsa.RSAPublicKey) and key.key_size >= MIN_RSA_BITS
    if not (is_long or isinstance(key, ec.EllipticCurvePublicKey)):
        raise CertificateError(f"Its key must be RSA from {MIN_RSA_BITS} bits on, or a curve's.")


def addresses(certificate: Certificate) -> set[str]:
    """The mail addresses that it was issued for, in lower case."""
    from cryptography import x509

    subject = certificate.subject.get_attributes_for_oid(x509.NameOID.EMAIL_ADDRESS)
    found = {str(attribute.value) for attribute in subject}
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
        found.update(names.value.get_values_for_type(x509.RFC822Name))
    except x509.ExtensionNotFound:
        pass
    return {address.lower() for address in found}


def may_sign_mail(certificate: Certificate) -> bool:
    """Whether its purposes, where it names any, include signing mail."""
    from cryptography import x509
    from cryptography.x509.oid import ExtendedKeyUsageOID as Purpose

    for extension in certificate.extensions:
        value = extension.value
        if isinstance(value, x509.ExtendedKeyUsage) and not {
            Purpose.EMAIL_PROTECTION,
            Purpose.ANY_EXTENDED_KEY_USAGE,
        } & set(value):
            return False
        if isinstance(value, x509.KeyUsage) and not (
            value.digital_signature or value.content_commitment
        ):
            return False
    return True


def is_vouched_for(certificate: Certificate, others: Sequence[Certificate], trust: Trust) -> bool:
    """Whether a chain leads to one of the authorities, by way of these others, and is valid now."""
    from cryptography.x509 import verification

    if not trust.authorities:
        return False
    policy = verification.ExtensionPolicy
    builder = (
        verification.PolicyBuilder()
        .time(trust.now)
        .store(verification.Store(read_chain(trust.authorities)))
        # The library asks of a signer what the web asks of a server; `may_sign_mail` asks for mail.
        .extension_policies(ca_policy=policy.webpki_defaults_ca(), ee_policy=policy.permit_all())
    )
    try:
        builder.build_client_verifier().verify(certificate, list(others))
    except verification.VerificationError:
        return False
    return may_sign_mail(certificate)
