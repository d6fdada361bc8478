"""A group's certificate for S/MIME: checked, its key put into SSM, its part of the desk told."""

from __future__ import annotations

import textwrap
from typing import Any

from chalicelib.desk.model import Group
from chalicelib.errors import Invalid
from chalicelib.mail import certificates
from chalicelib.mail.certificates import CertificateError, KeyPair
from chalicelib.ports import Ports, smime_parameter

# SSM keeps this much for nothing. A key of RSA-4096 has 3300.
PARAMETER_BYTES = 4096


def install(ssm: Any, ports: Ports, group: Group, pair: KeyPair) -> str:
    """Write the key of a group where the functions look for it; returns YAML for the desk.

    Invalid where the certificate is of no use to the group's address now, or the key not its own.
    """
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    try:
        certificates.check(pair.certificate, group.address, ports.clock())
        key = certificates.read_key(pair, is_new=True)
    except CertificateError as error:
        raise Invalid(error.message) from error
    # Written anew, because files often hold more than the key.
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    if len(pem) > PARAMETER_BYTES:
        raise Invalid(f"The key has {len(pem)} bytes, {PARAMETER_BYTES} can be kept.")
    name = smime_parameter(ports.config.keys_parameter, group.id)
    ssm.put_parameter(Name=name, Value=pem, Type="SecureString", Overwrite=True)
    return _yaml(group.id, pair.certificate)


def _yaml(group: str, certificate: bytes) -> str:
    from cryptography.hazmat.primitives.serialization import Encoding

    chain = certificates.read_chain(certificate)
    pem = "".join(one.public_bytes(Encoding.PEM).decode() for one in chain)
    return f"groups:\n  {group}:\n    certificate: |\n{textwrap.indent(pem, ' ' * 6)}"
