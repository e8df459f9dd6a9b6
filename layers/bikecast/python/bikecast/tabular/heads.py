"""The first bytes of a file, unpacked where it is packed: enough to tell what the file holds."""

import codecs
import re
import zlib

HEAD_BYTES = 65_536
ZIP_MAGIC = (b"PK\x03\x04", b"PK\x05\x06")
GZIP_MAGIC = b"\x1f\x8b"
PARQUET_MAGIC = b"PAR1"
# Microsoft's compound documents, the older workbooks among them.
OLD_OFFICE_MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_UTF16 = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
_LOCAL_HEADER_BYTES = 30
_DEFLATED, _GZIP_WINDOW, _RAW_WINDOW = 8, 31, -15


def plain_head(raw: bytes) -> bytes:
    """Return the first bytes of the text in a head: of a gzip's content, of a zip's first member, in UTF-8.

    What cannot be unpacked from the head alone gives fewer bytes, or none.
    """
    if raw.startswith(GZIP_MAGIC):
        return plain_head(_inflated(raw, _GZIP_WINDOW))
    if raw.startswith(ZIP_MAGIC):
        return plain_head(_first_member(raw))
    encoding = utf16_of(raw)
    if encoding is not None:
        return raw[2:].decode(encoding, errors="ignore").encode()
    return raw.removeprefix(codecs.BOM_UTF8)


def utf16_of(raw: bytes) -> str | None:
    """Return the codec of text that begins with UTF-16's byte order mark."""
    return _UTF16.get(raw[:2])


def lines_of(head: bytes) -> list[str]:
    """Return the lines of a head as text; bytes that are not UTF-8 are read as Western European."""
    try:
        text = head.decode()
    except UnicodeDecodeError:
        text = head.decode("cp1252", errors="replace")
    return re.split(r"\r\n|\n|\r", text)


def _inflated(packed: bytes, window: int) -> bytes:
    try:
        return zlib.decompressobj(window).decompress(packed, HEAD_BYTES)
    except zlib.error:
        return b""


def _first_member(raw: bytes) -> bytes:
    """Source: PKWARE's APPNOTE, 4.3.7: lengths of name and extra field end the 30 bytes of a local header."""
    if len(raw) < _LOCAL_HEADER_BYTES:
        return b""
    method = int.from_bytes(raw[8:10], "little")
    name, extra = int.from_bytes(raw[26:28], "little"), int.from_bytes(raw[28:30], "little")
    body = raw[_LOCAL_HEADER_BYTES + name + extra :]
    return _inflated(body, _RAW_WINDOW) if method == _DEFLATED else body[:HEAD_BYTES]
