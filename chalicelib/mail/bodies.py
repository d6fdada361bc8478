"""Which parts of a mail are its text, and which are files; both decoded.

The choice follows RFC 8621, 4.1.4. What is written in the text is not understood here.
"""

import binascii
import re
from dataclasses import dataclass, field, replace

from chalicelib.mail import charsets, html_text, uuencode
from chalicelib.mail.addresses import INVISIBLE
from chalicelib.mail.headers import decode_base64, decode_words, one_line, split_parameters
from chalicelib.mail.structure import Part

MAX_NAME = 180  # bytes of a file name
MAX_ENDING = 20
MAX_FLOWED = 2_000_000  # characters; what is longer was not written by hand

_OUTLOOK_TYPES = {"application/ms-tnef", "application/vnd.ms-tnef"}
_UUENCODED = {"x-uuencode", "uuencode", "x-uue", "uue"}
_UNKNOWN = "application/octet-stream"
_SOFT_BREAK = re.compile(rb"=[ \t]++(?=\r?\n)")
_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/=\s]")
_CONTROLS = re.compile(r"[\x01-\x08\x0e-\x1a\x1c-\x1f\x7f-\x9f]")
_PLACEHOLDER = re.compile(r"\bhtml\b", re.IGNORECASE)
_PLACEHOLDER_LENGTH = 300
_EXTENSIONS = {
    "application/pdf": "pdf", "application/zip": "zip", "image/gif": "gif", "image/heic": "heic",
    "image/jpeg": "jpg", "image/png": "png", "image/webp": "webp", "message/rfc822": "eml",
    "text/calendar": "ics", "text/csv": "csv", "text/html": "html", "text/plain": "txt",
    "text/x-vcard": "vcf", "text/vcard": "vcf",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file of the mail; `content_id` without brackets. Inline: the HTML shows it in place.

    `guessed_name` is there where the name holds U+FFFD for letters that can be guessed.
    """

    filename: str
    content_type: str
    content: bytes
    content_id: str | None
    is_inline: bool
    guessed_name: str | None = None


@dataclass(slots=True)
class Bodies:
    """The leaves of a mail, sorted by what they are for. One part may be text and HTML alike."""

    text: list[Part] = field(default_factory=list)
    html: list[Part] = field(default_factory=list)
    files: list[Part] = field(default_factory=list)


def sort_parts(root: Part) -> Bodies:
    """The leaves below `root` as bodies and files."""
    bodies = Bodies()
    container = "mixed"
    parts = [root]
    if root.is_multipart and root.children:
        parts, container = root.children, root.content_type
    kind = container.removeprefix("multipart/")
    _sort(bodies, parts, kind, bodies.text, bodies.html, is_choice=kind == "alternative")
    return bodies


def _sort(
    bodies: Bodies,
    parts: list[Part],
    container: str,
    text: list[Part] | None,
    html: list[Part] | None,
    *,
    is_choice: bool,
) -> None:
    """RFC 8621's parseStructure; `is_choice` below an alternative, where a part is text or HTML.

    `text` or `html` is None where the other one holds the same.
    """
    had_text, had_html = len(text or ()), len(html or ())
    is_alternative = container == "alternative"
    for index, part in enumerate(parts):
        if part.is_multipart and part.children:
            kind = part.content_type.removeprefix("multipart/")
            below = is_choice or kind == "alternative"
            _sort(bodies, part.children, kind, text, html, is_choice=below)
        elif not _is_body(part, index, container):
            bodies.files.append(part)
        else:
            is_html = part.content_type == "text/html"
            if is_choice and not is_alternative:
                text, html = (None, html) if is_html else (text, None)
            _add(text, part, is_wanted=not (is_alternative and is_html))
            _add(html, part, is_wanted=is_html or not is_alternative)
            # A text with a name of its own is shown, and still a file that somebody attached.
            _add(bodies.files, part, is_wanted="filename" in part.disposition_parameters)
    if is_alternative and text is not None and html is not None:
        new_text, new_html = text[had_text:], html[had_html:]
        text += [] if new_text else new_html
        html += [] if new_html else new_text


def charset_of(bodies: Bodies) -> str | None:
    """The first charset that the mail declares for a text: the likeliest for raw headers, too."""
    declared = (part.parameters.get("charset", "") for part in [*bodies.text, *bodies.html])
    return next((name for name in declared if name.lower() not in {"", "us-ascii", "ascii"}), None)


def _add(body: list[Part] | None, part: Part, *, is_wanted: bool) -> None:
    if body is not None and is_wanted:
        body.append(part)


def _is_body(part: Part, index: int, container: str) -> bool:
    # A multipart without parts is one whose delimiters are broken: its text must not be lost.
    is_text = part.content_type in {"text/plain", "text/html", "text"} or part.is_multipart
    if not is_text or part.disposition == "attachment":
        return False
    has_name = part.disposition_parameters.get("filename") or part.parameters.get("name")
    return index == 0 or (container != "related" and not has_name)


def decoded(raw: bytes, part: Part) -> bytes:
    """The bytes of a leaf, its transfer encoding undone as far as it goes."""
    encoding = _encoding(part)
    body = memoryview(raw)[part.start : part.end]
    if encoding == "base64":
        return decode_base64(body)
    if encoding == "quoted-printable":
        return binascii.a2b_qp(_SOFT_BREAK.sub(b"=", body))
    if encoding in _UUENCODED:
        return uuencode.decode_body(bytes(body)) or bytes(body)
    return bytes(body)


def _encoding(part: Part) -> str:
    return part.headers.first("content-transfer-encoding").lower().strip(" \t;\"'")


def part_text(raw: bytes, part: Part, hint: str | None) -> str:
    """The characters of a text leaf, its line ends as single line feeds."""
    charset = part.parameters.get("charset")
    text = charsets.decode(decoded(raw, part), charset, hint)
    if (
        _encoding(part) == "base64"
        and _CONTROLS.search(text)
        and _NOT_BASE64.search(raw, part.start, part.end)
    ):
        # Words that were never encoded, whatever the header says.
        text = charsets.decode(raw[part.start : part.end], charset, hint)
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if part.parameters.get("format", "").lower() == "flowed" and len(text) <= MAX_FLOWED:
        return _unflow(text, is_glued=part.parameters.get("delsp", "").lower() == "yes")
    return text


def _may_hold_files(raw: bytes, part: Part) -> bool:
    """Whether a plain text may have files written into it, which old scripts and Outlook do."""
    return part.content_type != "text/html" and raw.find(b"begin ", part.start, part.end) >= 0


def _unflow(text: str, *, is_glued: bool) -> str:
    """Lines that a client has broken for transport (RFC 3676) joined again."""
    out: list[str] = []
    open_mark: str | None = None
    for line in text.split("\n"):
        words = line.lstrip(">")
        mark = line[: len(line) - len(words)]
        words = words.removeprefix(" ")
        is_signature = words.strip(" ") == "--" and words.startswith("-- ")
        is_open = words.endswith(" ") and bool(words.strip()) and not is_signature
        if open_mark != mark or is_signature:
            out += ["\n", mark, " " if mark and words else ""]
        out.append(words[:-1] if is_open and is_glued else words)
        open_mark = mark if is_open else None
    return "".join(out[1:])


def read_text(raw: bytes, bodies: Bodies, hint: str | None) -> tuple[str, str | None]:
    """The best plain text, and the HTML if there is any."""
    pages = [part for part in bodies.html if part.content_type == "text/html"]
    html = None
    if pages:
        html = "\n".join(_as_html(raw, part, hint) for part in bodies.html).strip()
    limit = html_text.MAX_HTML // max(len(pages), 1)
    texts = (_as_text(raw, part, hint, limit) for part in bodies.text)
    text = "\n\n".join(filter(str.strip, texts))
    is_derived = bool(bodies.text) and all(part in pages for part in bodies.text)
    if html and not is_derived and (not text.strip() or _is_placeholder(text)):
        derived = html_text.to_text(html)
        text = derived if len(derived) > len(text) else text
    return text, html or None


def _is_placeholder(text: str) -> bool:
    """Whether this is what newsletters write instead of an alternative text."""
    return len(text) < _PLACEHOLDER_LENGTH and bool(_PLACEHOLDER.search(text))


def _as_text(raw: bytes, part: Part, hint: str | None, limit: int) -> str:
    text = part_text(raw, part, hint)
    return html_text.to_text(text, limit) if part.content_type == "text/html" else text


def _as_html(raw: bytes, part: Part, hint: str | None) -> str:
    text = part_text(raw, part, hint)
    if part.content_type == "text/html":
        return text
    if not text.strip():
        return ""
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return f"<pre>{escaped}</pre>"


def read_files(raw: bytes, bodies: Bodies, html: str | None) -> tuple[Attachment, ...]:
    """The attachments, each with a name that is safe to store and to show."""
    found: list[Attachment] = []
    for part in bodies.files:
        file = _attachment(raw, part, html or "")
        found += _unwrapped(file, html or "") if is_wrapping(part) else [file]
        found += _still_encoded(raw, part, file)
    for part in bodies.text:
        if _may_hold_files(raw, part):
            # The text keeps them: that nothing of it vanishes matters more than its looks.
            written = uuencode.files_in(decoded(raw, part))
            found += [_file(name, _UNKNOWN, content, "", "") for name, content in written]
    return tuple(found)


def given_name(part: Part) -> str:
    """The file name that the mail gives this part, as it stands there; empty without one."""
    return part.disposition_parameters.get("filename") or part.parameters.get("name") or ""


def is_wrapping(part: Part) -> bool:
    """Whether Outlook has wrapped up a mail of its own in this part."""
    return part.content_type in _OUTLOOK_TYPES or given_name(part).lower() == "winmail.dat"


def _attachment(raw: bytes, part: Part, html: str) -> Attachment:
    content = decoded(raw, part)
    given = given_name(part)
    if not given and part.content_type == "message/rfc822":
        given = _embedded_name(content)
    file = _file(given, part.content_type, content, part.headers.first("content-id"), html)
    strict = file.filename if given.isascii() else _strict_name(part)
    if "\ufffd" not in strict:
        return file
    name = clean_filename(strict, part.content_type)
    return replace(file, filename=name, guessed_name=file.filename)


def _strict_name(part: Part) -> str:
    """The file name that the mail gives this part, with U+FFFD for what is no UTF-8."""
    headers = part.headers.strict()
    _, shown = headers.structured("content-disposition")
    _, typed = headers.last_structured("content-type")
    return shown.get("filename") or typed.get("name") or ""


def _still_encoded(raw: bytes, part: Part, file: Attachment) -> list[Attachment]:
    """What was sent, if its encoding is none that RFC 2045 knows: it wants such content left alone.

    The file in it is another attachment, which is what people look for.
    """
    content = raw[part.start : part.end]
    if _encoding(part) not in _UUENCODED or content == file.content:
        return []
    name, guessed = f"{file.filename}.uu", file.guessed_name and f"{file.guessed_name}.uu"
    return [Attachment(name, _UNKNOWN, content, None, is_inline=False, guessed_name=guessed)]


def _unwrapped(attachment: Attachment, html: str) -> list[Attachment]:
    """The attachment, or the files that Outlook has wrapped up in it."""
    from chalicelib.mail.tnef import wrapped_files

    found = [
        _file(
            file.name,
            split_parameters(file.content_type)[0] or _UNKNOWN,
            file.content,
            file.content_id,
            html,
        )
        for file in wrapped_files(attachment.content)
    ]
    return found or [attachment]


def _file(given: str, content_type: str, content: bytes, cid: str, html: str) -> Attachment:
    content_id = one_line(cid).strip("<> ")[:250] or None
    is_inline = content_id is not None and f"cid:{content_id}" in html
    name = clean_filename(given, content_type)
    return Attachment(name, content_type, content, content_id, is_inline)


def _embedded_name(content: bytes) -> str:
    found = re.search(
        rb"^subject:[ \t]*([^\r\n]{1,500})", content[:20_000], re.IGNORECASE | re.MULTILINE
    )
    subject = one_line(decode_words(charsets.decode(found[1]))) if found else ""
    return re.sub(r"[/\\]+", " ", subject)[:80].strip(" .") + ".eml" if subject else ""


def clean_filename(given: str, content_type: str) -> str:
    """A file name without path, control or invisible characters; never empty, never long."""
    name = INVISIBLE.sub("", one_line(given)).replace("\\", "/").rpartition("/")[2].strip(" .")
    if not name:
        return f"attachment.{_EXTENSIONS.get(content_type, 'bin')}"
    if len(name.encode()) <= MAX_NAME:
        return name
    stem, dot, ending = name.rpartition(".")
    if not dot or len(ending.encode()) > MAX_ENDING:
        stem, dot, ending = name, "", ""
    room = MAX_NAME - len(ending.encode()) - len(dot)
    return stem.encode()[:room].decode("utf-8", "ignore").rstrip(" .") + dot + ending
