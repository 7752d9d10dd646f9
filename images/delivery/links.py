"""Signed links to the files of images, and which file a size is.

A signed link names one file of one image and the second it ends; its signature is the whole
permission, so serving it asks no database and any cache may keep it to its end. Links are the
same for every call within LINK_WINDOW and live to the end of the next window.
"""

import hmac
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.conf import settings
from django.urls import reverse
from django.utils.crypto import salted_hmac

from images.models import ORIGINAL, Image, storage_prefix
from images.processing import EXTENSIONS
from images.processing.sizes import LARGEST, RENDER_VERSION, SIZES, SMALLEST, nearest
from imagestore.kit.problems import Problem, invalid

CONTENT_TYPES = {extension: content_type for content_type, extension in EXTENSIONS.items()}
# What a tile or a cover is shown with on a screen of usual density (px).
TILE_PX = 640


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
    """All links of one image. Each size of the table is there once the image was made, none before.

    A size that was not made yet is the nearest larger one meanwhile (images.rendering.convergence).
    """

    sizes: Mapping[str, VariantLink | None]
    original: str

    @property
    def smallest(self) -> VariantLink | None:
        return self.sizes[SMALLEST]

    @property
    def largest(self) -> VariantLink | None:
        return self.sizes[LARGEST]

    @property
    def tile(self) -> VariantLink | None:
        return self.sizes[next((size for size, px in SIZES.items() if px >= TILE_PX), LARGEST)]

    @property
    def srcset(self) -> str:
        """For `<img srcset>`: each file once, with its width."""
        links = [link for link in self.sizes.values() if link]
        return ", ".join({link.url: f"{link.url} {link.width}w" for link in links}.values())


def links_of(image: Image) -> Links:
    made = {size: _variant_link(image, variant) for size, variant in image.variants.items()}
    sizes = {size: made.get(nearest(size, made) or "") for size in SIZES}
    return Links(sizes, signed_link(image, f"{ORIGINAL}.{EXTENSIONS[image.content_type]}"))


def _variant_link(image: Image, variant: Mapping[str, Any]) -> VariantLink:
    about = {key: variant[key] for key in ("width", "height", "content_type", "bytes")}
    return VariantLink(url=signed_link(image, variant["file"]), **about)


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
    there = nearest(size, image.variants)
    if there is None:
        # A failed image never gets it by waiting.
        detail = "This size is still being made." if image.is_pending else "This size could not be made."
        raise Problem("not_ready", detail, retry_after=None if image.is_pending else 0)
    return str(image.variants[there]["file"])


def replacement(public_id: UUID, file: str) -> str | None:
    """A link to what an image has today in place of a file of an older render version; None for any other file."""
    size = file.split(".", 1)[0]
    if size not in SIZES or f".v{RENDER_VERSION}." in file:
        return None
    image: Image | None = Image.objects.living().ready().filter(public_id=public_id).first()
    return signed_link(image, file_of(image, size)) if image and image.variants else None


def downloads_of(image: Image) -> list[tuple[str, VariantLink]]:
    """The sizes worth saving beside the original, largest first: each has fewer pixels and fewer bytes.

    The smallest is made for lists, so it is left out.
    """
    links = links_of(image)
    downloads, least = [], image.bytes
    for size in reversed(SIZES):
        link = links.sizes[size] if size in image.variants and size != SMALLEST else None
        if link and (link.width, link.height) != (image.width, image.height) and link.bytes < least:
            downloads.append((size, link))
            least = link.bytes
    return downloads


def _signature(path: str, expires: int, key: str | None = None) -> str:
    """128 bits of HMAC-SHA256, hexadecimal."""
    mac = salted_hmac("images.delivery", f"{path}?{expires}", secret=key, algorithm="sha256")
    return mac.hexdigest()[:32]
