"""Bytes of unknown or wrongly declared charset become text that can be stored.

The chain: what the part declares, UTF-8, what the rest of the mail declares, then a guess among the
single-byte charsets of Europe. Nothing here knows of headers or parts.
"""

import codecs
import re
from encodings.aliases import aliases
from functools import lru_cache

# The charsets that mail clients name otherwise than Python does, or that are in practice a superset
# of what they claim to be (everybody who says iso-8859-1 means windows-1252).
_MEANT = {
    "ansi": "cp1252",
    "ansi_x3_4_1968": "ascii",
    "ascii": "ascii",
    "big5": "big5hkscs",
    "cp936": "gb18030",
    "default": "ascii",
    "euc_kr": "cp949",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "iso_2022_jp": "iso2022_jp_ext",
    "iso_8859_1": "cp1252",
    "iso_8859_8_e": "iso8859_8",
    "iso_8859_8_i": "iso8859_8",
    "iso_8859_9": "cp1254",
    "iso_8859_11": "cp874",
    "iso_ir_100": "cp1252",
    "ks_c_5601_1987": "cp949",
    "latin1": "cp1252",
    "latin_1": "cp1252",
    "macintosh": "mac_roman",
    "shift_jis": "cp932",
    "sjis": "cp932",
    "tis_620": "cp874",
    "unicode_1_1_utf_7": "utf_7",
    "utf8mb4": "utf_8",
    "windows_31j": "cp932",
    "windows_874": "cp874",
    "x_mac_ce": "mac_latin2",
    "x_mac_cyrillic": "mac_cyrillic",
    "x_mac_roman": "mac_roman",
    "x_sjis": "cp932",
}
# Codecs of Python that are no charsets of mail: transforms, and those that are slow on purpose.
_FOREIGN = {
    "base64_codec", "bz2_codec", "hex_codec", "idna", "mbcs", "oem", "palmos", "punycode",
    "quopri_codec", "raw_unicode_escape", "rot_13", "tactis", "undefined", "unicode_escape",
    "uu_codec", "zlib_codec",
}  # fmt: skip
_KNOWN = frozenset(aliases.values()) - _FOREIGN | {
    "cp720", "cp737", "cp856", "cp874", "cp1006", "koi8_t", "koi8_u", "utf_8_sig",
}  # fmt: skip

_SAMPLE = 20_000
_STRAY = re.compile(r"[\udc80-\udcff]")
_STRAY_LETTERS = re.compile(r"(?<=[A-Za-z])[\udc80-\udcff]+|[\udc80-\udcff]+(?=[A-Za-z])")
_WHOLE = re.compile(r"[^\x00-\x7f\udc80-\udcff]+")
_HIGH = re.compile(rb"[\x80-\xff]")
# Bytes that are letters in windows-1250, but signs in windows-1252, between or before letters.
_CENTRAL = re.compile(rb"[a-z\xe0-\xff][\xb3\xb9\xbe\xbf\x9d\x9f]+[a-z\xe0-\xff]|\b\xb3[a-z]")
# The double acute of Hungarian next to a letter that western words do not put beside it.
_HUNGARIAN = re.compile(rb"[a-z][\xf5\xfb](?![\xe3\xe7])")
_PORTUGUESE = re.compile(rb"[\xe3\xe7\xea\xf4]|\xf5es")
# Words of Cyrillic are foreign letters throughout, those of other languages here and there.
_CYRILLIC = re.compile(rb"[\xb3-\xff]{3,}")


@lru_cache(maxsize=256)
def codec_of(name: str) -> str | None:
    """The Python codec that mail means by this charset name; None when there is none."""
    key = re.sub(r"[^a-z0-9]+", "_", name[:60].lower()).strip("_")
    if key in _MEANT:
        return _MEANT[key]
    key = re.sub(r"^(?:x_)?(?:cp|windows|win|ibm)_?(\d+)$", r"cp\1", key)
    key = re.sub(r"^iso_?8859_?(\d+)$", r"iso8859_\1", key)
    codec = aliases.get(key, key)
    return _MEANT.get(codec, codec) if codec in _KNOWN or codec in _MEANT else None


def storable(text: str) -> str:
    """The text without NUL and without lone surrogates, which no store accepts."""
    try:
        text.encode()
    except UnicodeEncodeError:
        text = text.encode("utf-8", "replace").decode()
    return text.replace("\0", "") if "\0" in text else text


def decode(content: bytes, declared: str | None = None, hint: str | None = None) -> str:
    """Text for these bytes, whatever they are; `hint` is a charset named elsewhere in the mail."""
    if content.startswith(codecs.BOM_UTF8):
        content, declared = content[3:], "utf-8"
    elif content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        declared = "utf-16"
    codec = codec_of(declared) if declared else None
    for candidate in _candidates(content, codec, hint):
        text = _strict(content, candidate)
        if text is not None:
            return storable(text)
    return storable(_damaged(content, codec))


def decode_strictly(content: bytes) -> str:
    """Text for a header, which RFC 6532 wants to be UTF-8: a byte that is none becomes U+FFFD."""
    if _strict(content, "utf_8") is not None:
        return decode(content)
    return storable(_STRAY.sub("\ufffd", content.decode("utf-8", "surrogateescape")))


def _candidates(content: bytes, codec: str | None, hint: str | None) -> list[str]:
    if codec and codec not in {"ascii", "cp1252", "utf_8"}:
        # Seven bits of UTF-8 look like anything; a charset named on purpose goes first.
        return [codec, "utf_8"]
    if b"\x1b$" in content[:_SAMPLE]:
        return ["iso2022_jp_ext", "iso2022_jp_2", "iso2022_kr", "utf_8"]
    # Words of windows-1252 are hardly ever valid UTF-8 by accident, so UTF-8 may go before it.
    hinted = codec_of(hint) if hint and codec in {None, "ascii"} else None
    return ["utf_8", *([codec] if codec == "cp1252" else []), *([hinted] if hinted else [])]


def _strict(content: bytes, codec: str) -> str | None:
    try:
        return content.decode(codec)
    except (UnicodeError, LookupError):
        return None


def _damaged(content: bytes, codec: str | None) -> str:
    """Text for bytes that no candidate decodes whole."""
    if codec and codec not in {"ascii", "cp1252"} and _is_readable(content[:_SAMPLE], codec):
        return content.decode(codec, "replace")
    if codec == "utf_8" and (mixed := _mixed(content)):
        return mixed
    guessed = "cp1252" if codec == "cp1252" else _guess(content[:_SAMPLE])
    text_or_none = _strict(content, guessed)
    return content.decode("latin-1") if text_or_none is None else text_or_none


def _mixed(content: bytes) -> str | None:
    """Text of UTF-8 with another charset amid it; None when nothing of it is UTF-8.

    A stray byte beside a letter is one, too; those that stand alone are noise.
    """
    text = content.decode("utf-8", "surrogateescape")
    others = _WHOLE.sub("", text)
    if len(others) == len(text):
        return None
    codec = _guess(others[:_SAMPLE].encode("utf-8", "surrogateescape"))
    text = _STRAY_LETTERS.sub(
        lambda found: found[0].encode("utf-8", "surrogateescape").decode(codec, "replace"), text
    )
    return _STRAY.sub("\ufffd", text)


def _is_readable(sample: bytes, codec: str) -> bool:
    """Whether a few broken characters in the declared charset beat a guess at all others."""
    try:
        text = sample.decode(codec, "replace")
    except (UnicodeError, LookupError):
        return False
    foreign = len(text) - len(text.encode("ascii", "ignore"))
    return bool(text) and text.count("\ufffd") * 10 <= foreign


def _guess(sample: bytes) -> str:
    """The likeliest single-byte charset, by which letters the high bytes would be."""
    high = len(_HIGH.findall(sample))
    if sum(map(len, _CYRILLIC.findall(sample))) * 2 > high:
        # Text is mostly lower case: e0-ff in windows-1251, c0-df in KOI8-R.
        lower_1251 = sum(sample.count(byte) for byte in range(0xE0, 0x100))
        lower_koi8 = sum(sample.count(byte) for byte in range(0xC0, 0xE0))
        return "cp1251" if lower_1251 >= lower_koi8 else "koi8_r"
    if _CENTRAL.search(sample):
        return "cp1250"
    if _HUNGARIAN.search(sample) and not _PORTUGUESE.search(sample):
        return "cp1250"
    return "cp1252"
