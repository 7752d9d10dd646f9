"""Handing out bytes: signed links, and answers with ETag and Range.

A signed link names one file of one image and the second it ends; its signature is the whole
permission, so serving it asks no database and any cache may keep it to its end. Links are the
same for every call within LINK_WINDOW and live to the end of the next window.
"""

import hmac
import time
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.conf import settings
from django.urls import reverse
from django.utils.crypto import salted_hmac

from images.models import ORIGINAL, Image, storage_prefix
from images.processing import EXTENSIONS, SIZES
from imagestore.kit.problems import Problem, invalid

# What a page offers to save beside the original; a thumb is nothing to keep.
OFFERED = ("large", "medium", "small")


CONTENT_TYPES = {extension: content_type for content_type, extension in EXTENSIONS.items()}


@dataclass(frozen=True)
class VariantLink:
    """One size as clients and pages see it; `url` is a signed link, sizes in px and bytes."""

    url: str
    width: int
    height: int
    content_type: str
    bytes: int


@dataclass(frozen=True)
class Links:
    """All links of one image; a size is None until it is there."""

    thumb: VariantLink | None
    small: VariantLink | None
    medium: VariantLink | None
    large: VariantLink | None
    original: str

    @property
    def srcset(self) -> str:
        """For `<img srcset>`: each file once, with its width."""
        found = [getattr(self, size) for size in SIZES if getattr(self, size)]
        return ", ".join({link.url: f"{link.url} {link.width}w" for link in found}.values())


def links_of(image: Image) -> Links:
    sizes: dict[str, Any] = dict.fromkeys(SIZES)
    for size, variant in image.variants.items():
        about = {key: variant[key] for key in ("width", "height", "content_type", "bytes")}
        sizes[size] = VariantLink(url=signed_link(image, variant["file"]), **about)
    return Links(**sizes, original=signed_link(image, f"{ORIGINAL}.{EXTENSIONS[image.content_type]}"))


def signed_link(image: Image, file: str) -> str:
    """A path, or a URL on MEDIA_BASE_URL."""
    window = int(settings.LINK_WINDOW.total_seconds())
    expires = (int(time.time()) // window + 2) * window
    path = f"{image.public_id}/{file}"
    url = reverse("signed-file", args=[image.public_id, file])
    return f"{settings.MEDIA_BASE_URL}{url}?expires={expires}&signature={_signature(path, expires)}"


def seconds_left(path: str, expires: str, signature: str) -> int:
    """How long this link still lives, in seconds; 0 for a forged or ended one."""
    # Written otherwise than we write it ("007"), one link would have many cache keys.
    if not (expires.isascii() and expires.isdigit() and len(expires) <= 12 and str(int(expires)) == expires):
        return 0
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    genuine = [
        hmac.compare_digest(_signature(path, int(expires), key).encode(), signature.encode()) for key in keys
    ]
    return max(0, int(expires) - int(time.time())) if any(genuine) else 0


def storage_name(public_id: UUID, file: str) -> str:
    """Where the file that a link calls `original.jpg` or `thumb.v1.jpg` is kept."""
    name = ORIGINAL if file.startswith(f"{ORIGINAL}.") else file
    return f"{storage_prefix(public_id)}/{name}"


def content_type_of(file: str) -> str:
    return CONTENT_TYPES[file.rsplit(".", 1)[-1]]


def file_of(image: Image, size: str) -> str:
    """The file that a client asks for by size; Problem `not_ready` while it is not there."""
    if size == ORIGINAL:
        return f"{ORIGINAL}.{EXTENSIONS[image.content_type]}"
    if size not in SIZES:
        raise invalid("size", "A size is one of: " + ", ".join([ORIGINAL, *SIZES]) + ".")
    if size not in image.variants:
        # A failed image never gets it by waiting.
        detail = "This size is still being made." if image.is_pending else "This size could not be made."
        raise Problem("not_ready", detail, retry_after=None if image.is_pending else 0)
    return str(image.variants[size]["file"])


def downloads_of(image: Image) -> list[tuple[str, VariantLink]]:
    """The sizes worth saving beside the original, largest first: each has fewer pixels and fewer bytes."""
    links = links_of(image)
    found, least = [], image.bytes
    for size in OFFERED:
        link: VariantLink | None = getattr(links, size)
        if link and (link.width, link.height) != (image.width, image.height) and link.bytes < least:
            found.append((size, link))
            least = link.bytes
    return found


def _signature(path: str, expires: int, key: str | None = None) -> str:
    """128 bits of HMAC-SHA256, hexadecimal."""
    mac = salted_hmac("images.delivery", f"{path}?{expires}", secret=key, algorithm="sha256")
    return mac.hexdigest()[:32]
