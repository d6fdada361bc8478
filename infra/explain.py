"""Finding the mail that somebody asks about, by file, article or SES id; reading it again."""

from __future__ import annotations

import re
from pathlib import Path

from chalicelib.errors import Invalid
from chalicelib.intake import explain
from chalicelib.intake import reprocess as again
from chalicelib.intake.model import INBOUND_PREFIX
from chalicelib.mail.parse import MailError, parse, with_guessed_letters
from chalicelib.ports import Ports

_ARTICLE = re.compile(r"#?(\d{1,12})/(\d{1,8})")
_SES_ID = re.compile(r"[\w-]{6,200}", re.ASCII)


def find(ports: Ports, what: str) -> explain.Explanation:
    """The explanation of FILE, NUMBER/ARTICLE or an SES id; Invalid for what is none of them."""
    article = _ARTICLE.fullmatch(what)
    if article:
        return explain.of_article(int(article[1]), int(article[2]))
    if Path(what).is_file():
        try:
            mail = with_guessed_letters(parse(Path(what).read_bytes()))
        except MailError as error:
            raise Invalid(f"{what} cannot be read as a mail.") from error
        return explain.of_mail(ports, mail)
    ses_id = what.removeprefix(INBOUND_PREFIX)
    if _SES_ID.fullmatch(ses_id):
        return explain.of_ses_id(ses_id)
    raise Invalid(f"{what} is no file, no NUMBER/ARTICLE and no SES id.")


def reprocess(ports: Ports, what: str) -> str:
    """Read NUMBER/ARTICLE, or a suspended mail by its SES id, once more; say what came of it."""
    named = _ARTICLE.fullmatch(what)
    if named:
        changed = again.article(ports, int(named[1]), int(named[2]))
        return "read anew" if changed else "read anew, and nothing is different"
    ses_id = what.removeprefix(INBOUND_PREFIX)
    if not _SES_ID.fullmatch(ses_id):
        raise Invalid(f"{what} is no NUMBER/ARTICLE and no SES id.")
    fate = again.suspended(ports, ses_id)
    return f"{fate.outcome.value} on ticket {fate.number}"
