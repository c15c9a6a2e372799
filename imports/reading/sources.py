"""From bytes to text: compression, encodings, and files that are no text at all."""

import codecs
import gzip
import io
import re
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, Final

from imports.reading.records import FileRefused

if TYPE_CHECKING:
    from typing_extensions import Buffer

MAX_RECORD_CHARACTERS: Final = 2_000_000
"""Longest line, and longest row of several lines: what is held in memory at once."""

_CHUNK_BYTES: Final = 1 << 18
_HEAD_BYTES: Final = 4096
_GZIP: Final = b"\x1f\x8b"

EXPECTED: Final = (
    "expected a CSV or NDJSON text file. In Excel, choose File, Save As, and the file type "
    '"CSV UTF-8 (Comma delimited)"; LibreOffice: Save As, "Text CSV"'
)
_KINDS_OF_FILE: Final = (
    (b"PK\x03\x04", "a ZIP archive"),
    (b"PK\x05\x06", "an empty ZIP archive"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Excel workbook or another Office document"),
    (b"%PDF", "a PDF document"),
    (b"\x89PNG", "a PNG picture"),
    (b"GIF8", "a GIF picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"{\\rtf", "a rich text (RTF) document"),
    (b"SQLite format 3", "a database"),
    (_GZIP, "a gzip file inside a gzip file"),
    (b"BZh", "a bzip2 archive"),
    (b"\xfd7zXZ", "an xz archive"),
    (b"7z\xbc\xaf", "a 7-Zip archive"),
    (b"Rar!", "a RAR archive"),
    (b"\x28\xb5\x2f\xfd", "a Zstandard archive"),
)
_WORKBOOK_PARTS: Final = (b"xl/", b"[Content_Types].xml")

# What `surrogateescape` makes of bytes that are no UTF-8, and what else is no ASCII.
_FAULTS: Final = re.compile("[\udc80-\udcff]+")
_LETTERS: Final = re.compile("[^\x00-\x7f\udc80-\udcff]")
_FAULTS_PER_LETTER: Final = 10


@dataclass(frozen=True, slots=True)
class Encoding:
    """`name` is for people, the others for Python. Halves of characters in UTF-16 are left for the row to answer."""

    name: str
    codec: str
    errors: str = "strict"


_UTF_8 = Encoding("utf-8", "utf-8")
_UTF_8_SIG = Encoding("utf-8-sig", "utf-8-sig")
_DAMAGED_UTF_8 = Encoding("utf-8", "utf-8", "surrogateescape")
_UTF_16 = Encoding("utf-16", "utf-16", "surrogatepass")
_WINDOWS_1252 = Encoding("windows-1252", "cp1252")


class _Borrowed(io.RawIOBase):
    """Somebody else's open file, read from its beginning; closing this leaves that one open."""

    def __init__(self, file: BinaryIO) -> None:
        super().__init__()
        file.seek(0)
        self._file = file

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "Buffer") -> int:
        view = memoryview(buffer)
        data = self._file.read(len(view))
        view[: len(data)] = data
        return len(data)


class _Mixture:
    """Counts what is UTF-8 in a file that is not so throughout, piece by piece, with the lines of the first ones."""

    def __init__(self) -> None:
        self.letters = self.faults = self.letter_line = self.fault_line = 0
        self.fault = 0

    def see(self, text: str, lines_before: int) -> None:
        if text.isascii():
            return
        if not self.letters and (letter := _LETTERS.search(text)):
            self.letter_line = lines_before + text.count("\n", 0, letter.start()) + 1
        if not self.faults and (fault := _FAULTS.search(text)):
            self.fault_line = lines_before + text.count("\n", 0, fault.start()) + 1
            self.fault = ord(fault[0][0]) - 0xDC00
        self.letters += len(_LETTERS.findall(text))
        self.faults += len(_FAULTS.findall(text))

    @property
    def is_damaged_utf_8(self) -> bool:
        """Tell whether the file was UTF-8 once, or in part.

        In Windows-1252 two letters or signs side by side look like UTF-8 only by a rare accident ("Â°"). A file that
        is so for each tenth of its faults is not left to chance: its keys would be stored as others.
        """
        return self.letters * _FAULTS_PER_LETTER >= self.faults


class TextSource:
    """An uploaded file as text, which can be opened again and again, but once at a time.

    Making one reads the whole file, in pieces: a byte that is no UTF-8 may be its last, and a gzip may be damaged or a
    bomb. Raises FileRefused.
    """

    def __init__(self, file: BinaryIO, *, max_bytes: int, max_lines: int) -> None:
        self._file = file
        self._max_bytes = max_bytes
        self._max_lines = max_lines
        self._is_gzip = _Borrowed(file).read(len(_GZIP)) == _GZIP
        try:
            self._look_through()
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise FileRefused(
                "damaged_gzip", "The gzip file is damaged or cut off; expected a whole one. Compress and send it again."
            ) from error

    def open_text(self) -> io.TextIOWrapper:
        """Return the text from the beginning, its line breaks as they are; LF, CRLF and CR all end a line."""
        return io.TextIOWrapper(
            self._open_bytes(), encoding=self.encoding.codec, errors=self.encoding.errors, newline=""
        )

    def _open_bytes(self) -> "io.BufferedReader[_Borrowed] | gzip.GzipFile":
        plain = io.BufferedReader(_Borrowed(self._file), buffer_size=_CHUNK_BYTES)
        return gzip.GzipFile(fileobj=plain, mode="rb") if self._is_gzip else plain

    def _look_through(self) -> None:
        with self._open_bytes() as data:
            head = data.read(_HEAD_BYTES)
        _refuse_what_is_no_text(head)
        self.encoding = _recognize_mark(head)
        try:
            self._decode_all()
        except UnicodeDecodeError as error:
            if self.encoding is not _UTF_8:
                raise FileRefused(
                    "not_text",
                    f"The file starts as {self.encoding.name} but contains bytes that are not valid "
                    f"{self.encoding.name}; {EXPECTED}.",
                ) from error
            self._refuse_damaged_utf_8()
            self.encoding = _WINDOWS_1252
            try:
                self._decode_all()
            except UnicodeDecodeError as error:
                byte = error.object[error.start]
                raise FileRefused(
                    "not_text",
                    f"The file holds the byte 0x{byte:02X}, which is neither UTF-8 nor Windows-1252; {EXPECTED}.",
                ) from error

    def _refuse_damaged_utf_8(self) -> None:
        mixture = _Mixture()
        self.encoding = _DAMAGED_UTF_8
        self._decode_all(mixture.see)
        if mixture.is_damaged_utf_8:
            raise FileRefused(
                "damaged_utf8",
                f"The file mixes encodings: line {mixture.letter_line} is UTF-8, but line {mixture.fault_line} has the "
                f"byte 0x{mixture.fault:02X}, which is not. Save the whole file as UTF-8.",
            )

    def _decode_all(self, see: Callable[[str, int], None] = lambda text, lines_before: None) -> None:
        decoder = io.IncrementalNewlineDecoder(
            codecs.getincrementaldecoder(self.encoding.codec)(self.encoding.errors), translate=True
        )
        size = line = length = 0
        with self._open_bytes() as data:
            while chunk := data.read(_CHUNK_BYTES):
                size += len(chunk)
                if size > self._max_bytes:
                    raise FileRefused(
                        "file_too_large",
                        f"The file{' unpacked' if self._is_gzip else ''} has more than {self._max_bytes:,} bytes; "
                        "expected a smaller one. Split it into several.",
                    )
                text = decoder.decode(chunk)
                first_break = text.find("\n")
                if length + (len(text) if first_break < 0 else first_break) > MAX_RECORD_CHARACTERS:
                    raise FileRefused(
                        "line_too_long",
                        f"Line {line + 1} has more than {MAX_RECORD_CHARACTERS:,} characters; expected one row for "
                        "each line.",
                    )
                see(text, line)
                line += text.count("\n")
                if line > self._max_lines:
                    raise FileRefused(
                        "too_many_rows",
                        f"The file has more than {self._max_lines:,} lines, blank ones included; expected fewer.",
                    )
                length = length + len(text) if first_break < 0 else len(text) - text.rfind("\n") - 1
        see(decoder.decode(b"", final=True), line)
        breaks = decoder.newlines
        self.has_mixed_breaks = isinstance(breaks, tuple) and "\r" in breaks


def _refuse_what_is_no_text(head: bytes) -> None:
    if not head:
        raise FileRefused("empty_file", f"The file is empty; {EXPECTED}.")
    for beginning, name in _KINDS_OF_FILE:
        if head.startswith(beginning):
            if any(part in head for part in _WORKBOOK_PARTS):
                name = "an Excel workbook (.xlsx)"  # noqa: PLW2901 -- the archive's better name
            raise FileRefused("not_text", f"The file is {name}; {EXPECTED}.")


def _recognize_mark(head: bytes) -> Encoding:
    if head.startswith(codecs.BOM_UTF8):
        return _UTF_8_SIG
    return _UTF_16 if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else _UTF_8
