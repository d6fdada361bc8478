"""The groups' S/MIME certificates at work: checked when they go live, signing, opening.

What a certificate must be, and what is done with mails, stands in `chalicelib/mail`. A certificate
is part of the desk; its key is not, and is read from the tenant's parameters.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import datetime

from chalicelib.desk.model import Desk, Group
from chalicelib.mail import certificates, smime
from chalicelib.mail.certificates import CertificateError, KeyPair, Trust
from chalicelib.ports import Ports

log = logging.getLogger("skranke")


def problems(desk: Desk, now: datetime) -> Iterator[tuple[str, str]]:
    """The certificates that cannot be used (any more), as fields of the configuration.

    Asked before a version goes live, and not of one that is: a desk whose certificate ends at
    night must still open in the morning.
    """
    for group in desk.groups.values():
        if group.certificate:
            try:
                certificates.check(group.certificate.encode(), group.address, now)
            except CertificateError as error:
                yield f"groups.{group.id}.certificate", error.message
    if desk.smime_authorities:
        try:
            certificates.read_chain(desk.smime_authorities.encode())
        except CertificateError as error:
            yield "smime_authorities", error.message


def signed(ports: Ports, group: Group | None, raw: bytes) -> bytes:
    """The mail signed as the group; as it was where the group has no valid certificate and key.

    An answer without a signature is better than none.
    """
    pair = _pair(ports, group) if group else None
    if group is None or pair is None:
        return raw
    try:
        certificates.check(pair.certificate, group.address, ports.clock())
        return smime.sign(raw, pair)
    except (CertificateError, ImportError) as error:
        log.warning("A mail of %s goes out unsigned: %s", group.id, error)
        return raw


def opened(ports: Ports, desk: Desk, raw: bytes) -> smime.Opened:
    """The mail decrypted and checked, as far as the desk's certificates and authorities go."""
    if not smime.is_smime(raw):
        return smime.Opened(raw)
    pairs = [pair for group in desk.groups.values() if (pair := _pair(ports, group))]
    trust = Trust(desk.smime_authorities.encode(), ports.clock())
    return smime.open_mail(raw, pairs, trust)


def _pair(ports: Ports, group: Group) -> KeyPair | None:
    key = ports.smime_key(group.id) if group.certificate else None
    return KeyPair((group.certificate or "").encode(), key) if key else None
