"""Signed links to the files of images, and the file of each size.

A signed link holds a file's name and the second at which the link ends. Its signature is the
permission: serving it asks no database, and any cache may store the answer until the link ends.
All calls within one LINK_WINDOW give the same link, which lives to the end of the next window.
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
# Enough for a tile or a cover on a screen of usual density.
TILE_PX = 640


@dataclass(frozen=True)
class VariantLink:
    """One size of an image; `url` is a signed link, `width` and `height` are in px."""

    url: str
    width: int
    height: int
    content_type: str
    bytes: int


@dataclass(frozen=True)
class Links:
    """All links of one image. Every size is None until the image is rendered.

    A size that is new in the table links to the nearest one there is, until the image is rendered
    again (images.rendering.convergence).
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
    """Seconds until this link ends; 0 when it has ended or its signature is wrong."""
    # Only our own spelling of the number: with "007" one link would have many cache keys.
    if not (expires.isascii() and expires.isdigit() and len(expires) <= 12 and str(int(expires)) == expires):
        return 0
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    genuine = [
        hmac.compare_digest(_signature(path, int(expires), key).encode(), signature.encode()) for key in keys
    ]
    return max(0, int(expires) - int(time.time())) if any(genuine) else 0


def storage_name(public_id: UUID, file: str) -> str:
    """The name in storage of the file that a link calls `original.jpg` or `thumb.v1.jpg`."""
    name = ORIGINAL if file.startswith(f"{ORIGINAL}.") else file
    return f"{storage_prefix(public_id)}/{name}"


def content_type_of(file: str) -> str:
    return CONTENT_TYPES[file.rsplit(".", 1)[-1]]


def file_of(image: Image, size: str) -> str:
    """The file name of this size, or of the nearest one there is.

    Raises Problem `not_ready` while the image has no size, `invalid` for an unknown size.
    """
    if size == ORIGINAL:
        return f"{ORIGINAL}.{EXTENSIONS[image.content_type]}"
    if size not in SIZES:
        raise invalid("size", "A size is one of: " + ", ".join([ORIGINAL, *SIZES]) + ".")
    nearest_size = nearest(size, image.variants)
    if nearest_size is None:
        # `retry_after=0`: waiting does not help a failed image.
        detail = "This size is still being made." if image.is_pending else "This size could not be made."
        raise Problem("not_ready", detail, retry_after=None if image.is_pending else 0)
    return str(image.variants[nearest_size]["file"])


def replacement(public_id: UUID, file: str) -> str | None:
    """For a file of an older render version, a link to today's file of that size; None for any other file."""
    size = file.split(".", 1)[0]
    if size not in SIZES or f".v{RENDER_VERSION}." in file:
        return None
    image: Image | None = Image.objects.living().ready().filter(public_id=public_id).first()
    return signed_link(image, file_of(image, size)) if image and image.variants else None


def downloads_of(image: Image) -> list[tuple[str, dict[str, Any]]]:
    """The sizes to offer as downloads beside the original, largest first, each with its entry in `variants`.

    Each has fewer pixels and fewer bytes than the one before. The smallest size, for lists, is left out.
    """
    downloads, least_bytes = [], image.bytes
    for size in reversed(SIZES):
        variant = image.variants.get(size) if size != SMALLEST else None
        is_original_size = variant and (variant["width"], variant["height"]) == (image.width, image.height)
        if variant and not is_original_size and variant["bytes"] < least_bytes:
            downloads.append((size, variant))
            least_bytes = variant["bytes"]
    return downloads


def _signature(path: str, expires: int, key: str | None = None) -> str:
    """128 bits of HMAC-SHA256, hexadecimal."""
    mac = salted_hmac("images.delivery", f"{path}?{expires}", secret=key, algorithm="sha256")
    return mac.hexdigest()[:32]
