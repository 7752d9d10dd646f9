"""Django's parser of forms with files, which leaves the names of files as they came.

Django drops every character of a name that it calls unprintable: the U+202F before "PM" in each screenshot of a
Mac, the joiners of emoji and of Persian. It takes a name that is not UTF-8 for no file, and refuses headers above
1 kB, which 120 Kanji in `filename*` fill.
"""

import re
from typing import Any

from django.http import multipartparser
from django.http.multipartparser import FIELD, FILE, RAW, LazyStream, MultiPartParser, MultiPartParserError
from django.utils.http import parse_header_parameters

from imagestore.kit.charsets import decode

# All headers of one part. Of the name 255 characters are stored; each takes up to 12 bytes in `filename*`.
MAX_HEADER_BYTES = 8 * 1024
# Splitting at them takes time by their square.
MAX_SEMICOLONS = 512

_QUOTED_NAME = re.compile(rb'filename="((?:[^"\\]|\\.)*)"', re.IGNORECASE)


class FormParser(MultiPartParser):
    def sanitize_file_name(self, file_name: str) -> str | None:
        """The last segment of the path; None when there is none. The domain cleans it."""
        # Browsers, curl and requests write a quotation mark so (HTML, "multipart form data").
        name = file_name.replace("%22", '"').replace("\\", "/").rpartition("/")[2]
        return None if name in ("", ".", "..") else name


def read_part(stream: LazyStream, max_header_size: int) -> tuple[str, dict[str, Any], LazyStream]:
    """Kind, headers and rest of one part, as Django's `parse_boundary_stream` returns them."""
    head = stream.read(MAX_HEADER_BYTES)
    end = head.find(b"\r\n\r\n")
    if end < 0:
        stream.unget(head)
        if len(head) > max_header_size:
            raise MultiPartParserError("A part has no headers, or too long ones.")
        return RAW, {}, stream
    headers = dict(filter(None, map(_header, head[:end].split(b"\r\n"))))
    disposition = headers.get("content-disposition")
    if disposition is None:
        stream.unget(head)
        return RAW, headers, stream
    stream.unget(head[end + 4 :])
    return FILE if disposition[1].get("filename") else FIELD, headers, stream


def _header(line: bytes) -> tuple[str, tuple[str, dict[str, bytes]]] | None:
    """Name, value and parameters of a header; None for one that cannot be read."""
    if line.count(b";") > MAX_SEMICOLONS:
        raise MultiPartParserError("A header of a part has too many parameters.")
    try:
        value_with_name, parameters = parse_header_parameters(_text(line))
        name, value = value_with_name.split(":", 1)
        return name, (value, {key: text.encode() for key, text in parameters.items()})
    except ValueError:
        return None


def _text(line: bytes) -> str:
    """Only the name decides on the charset of a line: the rest of it is ASCII."""
    name = _QUOTED_NAME.search(line)
    if name is None:
        return decode(line)
    return line[: name.start(1)].decode("latin-1") + decode(name[1]) + line[name.end(1) :].decode("latin-1")


# Django has no hook for the headers of parts: its parser calls this function of its module.
multipartparser.parse_boundary_stream = read_part  # type: ignore[attr-defined]
