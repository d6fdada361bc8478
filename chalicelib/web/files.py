"""Files go by presigned requests: to S3 and from it, never through a function."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chalice.app import Response

from chalicelib import table
from chalicelib.errors import Invalid, NotFound
from chalicelib.intake.model import Suspended
from chalicelib.tickets import store
from chalicelib.tickets.access import Who, seen
from chalicelib.tickets.model import Article, Attachment

if TYPE_CHECKING:
    from chalicelib.web.routing import Call

UPLOAD_BYTES = 25_000_000
UPLOADS = 10
# What a browser may show as what it is; everything else downloads as bytes.
SAFE_TYPES = {"image/png", "image/jpeg", "image/gif", "image/webp", "application/pdf", "text/plain"}
_BYTES = "application/octet-stream"
# How the pictures begin that a mail may show within its text.
_PICTURES = {
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"GIF87a": "image/gif",
    b"GIF89a": "image/gif",
    b"\xff\xd8\xff": "image/jpeg",
}


def article_for(who: Who, number: str, article_id: str) -> Article:
    """An article on a ticket that this actor may see: one call."""
    who.need("tickets:read")
    ticket_number, seq = number_of(number), number_of(article_id)
    key = (table.ticket_pk(ticket_number), table.article_sk(seq))
    ticket, found = store.load(ticket_number, [key])
    seen(who, ticket, ticket_number)
    article = store.article_of(found.get(key))
    if article is None:
        raise NotFound(f"There is no article {article_id} on ticket {number}.")
    return article


def number_of(text: str) -> int:
    """A number in an address, or NotFound: what is no number is no ticket's."""
    if not text.isascii() or not text.isdigit() or len(text) > 12:  # noqa: PLR2004
        raise NotFound(f"There is nothing under {text[:20]!r}.")
    return int(text)


def to_attachment(call: Call, article: Article, place: str) -> Response:
    """Redirect to a download of one attachment, with a fixed disposition and a safe type."""
    index = number_of(place)
    if index >= len(article.attachments):
        raise NotFound("There is no such attachment.")
    attachment = article.attachments[index]
    is_safe = attachment.content_type in SAFE_TYPES
    content_type = attachment.content_type if is_safe else _BYTES
    return redirect(
        call.ports.blobs.link(attachment.key, filename=attachment.name, content_type=content_type)
    )


def picture_type(content: bytes) -> str | None:
    """What kind of picture this is by its own bytes; None for what no page may show."""
    if content.startswith(b"RIFF") and content[8:12] == b"WEBP":
        return "image/webp"
    return next((kind for start, kind in _PICTURES.items() if content.startswith(start)), None)


def to_raw(call: Call, article: Article) -> Response:
    """Redirect to the original mail."""
    if article.raw_key is None:
        raise NotFound("This article did not come by mail.")
    return _to_original(call, article.raw_key, f"{article.number}-{article.seq}.eml")


def to_suspended(call: Call, mail: Suspended) -> Response:
    """Redirect to the original of a suspended mail; one that carries a virus stays where it is."""
    if mail.has_virus:
        raise NotFound("There is no such mail.")
    return _to_original(call, mail.raw_key, f"{mail.id}.eml")


def _to_original(call: Call, key: str, name: str) -> Response:
    link = call.ports.mail_blobs.link(key, filename=name, content_type=_BYTES)
    return redirect(link)


def redirect(url: str) -> Response:
    return Response("", {"Location": url, "Cache-Control": "no-store"}, 303)


def new_upload(call: Call) -> dict[str, Any]:
    """Where to post one file, and the id to name it by in an article."""
    name = str(call.body.get("name") or "").strip()
    content_type = str(call.body.get("content_type") or _BYTES)
    if not name:
        raise Invalid("Name the file.", fields={"name": "is missing"})
    upload = call.ports.new_id()
    post = call.ports.blobs.upload(
        f"uploads/{upload}", content_type=content_type, max_bytes=UPLOAD_BYTES
    )
    return {"id": upload, "url": post["url"], "fields": dict(post["fields"]), "name": name}


def uploaded(call: Call, wanted: Any) -> tuple[Attachment, ...]:
    """The uploads that an article names, as attachments: one call each."""
    if not isinstance(wanted, list) or len(wanted) > UPLOADS:
        raise Invalid("Attachments are a list.", fields={"attachments": f"at most {UPLOADS}"})
    found = []
    for one in wanted:
        said = one if isinstance(one, dict) else {"id": one, "name": one}
        upload, name = str(said.get("id")), str(said.get("name"))
        if not upload.isalnum():
            raise Invalid("This is no upload.", fields={"attachments": f"{upload[:40]!r}"})
        blob = call.ports.blobs.head(f"uploads/{upload}")
        # A picture that the text names as "[cid:...]" is shown there.
        content_id = said.get("content_id")
        is_inline = content_id is not None
        found.append(
            Attachment(name[:200], blob.content_type, blob.size, blob.key, content_id, is_inline)
        )
    return tuple(found)
