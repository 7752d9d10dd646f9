"""Signed links to the files of images, and the file of each size.

A signed link holds a file's name and the second at which the link ends. Its signature is the
permission: serving it asks no database, and any cache may store the answer until the link ends.
All calls within one window give the same link, which lives to the end of the next window. Each image's windows
begin at a time of its own, so that the links of an album do not all change at once and leave every cache cold.
"""

import hashlib
import hmac
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import UUID

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from images.delivery import cloudfront
from images.models import ORIGINAL, Image, storage_prefix
from images.processing import EXTENSIONS
from images.processing.sizes import LARGEST, SIZES, SMALLEST, nearest
from imagestore.kit.addresses import path_of
from imagestore.kit.problems import Problem, invalid

CONTENT_TYPES = {extension: content_type for content_type, extension in EXTENSIONS.items()}
# Enough for a tile or a cover on a screen of usual density.
TILE_PX = 640
_OURS = re.compile(
    r"/media/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})/([^/?]+)"
    r"\?expires=([0-9]{1,12})&signature=([0-9a-f]{32})"
)
_RANDOM_BYTES = 7  # at the end of a UUIDv7 (RFC 9562, section 5.7)


class VariantLink(NamedTuple):
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
    sign: Callable[[str], str]
    original_file: str

    @property
    def original(self) -> str:
        """Signed when it is asked for, because most pages show sizes alone."""
        return self.sign(self.original_file)

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
    sign = _signer(image)
    made = {size: _variant_link(variant, sign(variant["file"])) for size, variant in image.variants.items()}
    sizes = {size: made.get(nearest(size, made) or "") for size in SIZES}
    return Links(sizes, sign, original_file(image.content_type))


def _variant_link(variant: Mapping[str, Any], url: str) -> VariantLink:
    return VariantLink(url, variant["width"], variant["height"], variant["content_type"], variant["bytes"])


def signed_link(image: Image, file: str) -> str:
    """A path, or a URL on MEDIA_BASE_URL."""
    return _signer(image)(file)


def _signer(image: Image) -> Callable[[str], str]:
    """Makes links to the files of one image. What they share is computed once: a list has hundreds of them."""
    public_id = str(image.public_id)
    folder = settings.MEDIA_BASE_URL + folder_of(image.public_id)
    end_of_original = _end(image.public_id, settings.ORIGINAL_LINK_WINDOW)
    end_of_size = _end(image.public_id, settings.LINK_WINDOW)

    def sign(file: str) -> str:
        expires = end_of_original if file.startswith(f"{ORIGINAL}.") else end_of_size
        if settings.CLOUDFRONT_KEY_ID:
            return cloudfront.sign(f"{folder}{_stored_as(file)}", expires)
        return f"{folder}{file}?expires={expires}&signature={_signature(f'{public_id}/{file}', expires)}"

    return sign


def folder_of(public_id: UUID) -> str:
    """With what the paths of all links to the files of an image begin."""
    if settings.CLOUDFRONT_KEY_ID:
        return cloudfront.folder_of(public_id)
    return path_of("signed-file", public_id, ORIGINAL).removesuffix(ORIGINAL)


def _end(public_id: UUID, length: timedelta) -> int:
    """When a link ends that is made now: with the image's next window, in seconds of the epoch."""
    window = int(length.total_seconds())
    phase = int.from_bytes(public_id.bytes[-_RANDOM_BYTES:], "big") % window
    return ((int(time.time()) + phase) // window + 2) * window - phase


def as_spelt_by_us(asked: Mapping[str, Any]) -> tuple[str, ...] | None:
    """Id, file, expires and signature of the link that a WSGI environ asks for; None for any other spelling.

    With %6dedia or one more parameter it has another key in a cache, where a purge may not find it.
    """
    link = f"{asked['PATH_INFO']}?{asked['QUERY_STRING']}"
    ours = _OURS.fullmatch(link)
    # The address as the client has sent it, where the server tells it.
    if ours is None or asked.get("RAW_URI") not in (None, f"{asked.get('SCRIPT_NAME', '')}{link}"):
        return None
    return ours.groups()


def seconds_left(path: str, expires: str, signature: str) -> int:
    """Seconds until this link ends; 0 when it has ended or its signature is wrong."""
    # Only our own spelling of the number: with "007" one link would have many cache keys.
    if not (expires.isascii() and expires.isdigit() and len(expires) <= 12 and str(int(expires)) == expires):
        return 0
    genuine = [
        hmac.compare_digest(_signature(path, int(expires), key).encode(), signature.encode())
        for key in settings.LINK_SIGNING_KEYS
    ]
    return max(0, int(expires) - int(time.time())) if any(genuine) else 0


def storage_name(public_id: UUID, file: str) -> str:
    """The name in storage of the file that a link calls `original.jpg` or `thumb.v1.jpg`."""
    return f"{storage_prefix(public_id)}/{_stored_as(file)}"


def _stored_as(file: str) -> str:
    return ORIGINAL if file.startswith(f"{ORIGINAL}.") else file


def content_type_of(file: str) -> str:
    return CONTENT_TYPES[file.rsplit(".", 1)[-1]]


def file_of(image: Image, size: str) -> str:
    """The file name of this size, or of the nearest one there is.

    Raises Problem `not_ready` while the image has no size, `invalid` for an unknown size.
    """
    check_size(size)
    if size == ORIGINAL:
        return original_file(image.content_type)
    nearest_size = nearest(size, image.variants)
    if nearest_size is None:
        # `retry_after=0`: waiting does not help a failed image.
        detail = _("This size is still being made.") if image.is_pending else _("This size could not be made.")
        raise Problem("not_ready", detail, retry_after=None if image.is_pending else 0)
    return str(image.variants[nearest_size]["file"])


def original_file(content_type: str) -> str:
    """What a link calls the original: `original.jpg`."""
    return f"{ORIGINAL}.{EXTENSIONS[content_type]}"


def check_size(size: str) -> None:
    """Raises Problem `invalid` for what is neither a size nor `original`."""
    if size != ORIGINAL and size not in SIZES:
        raise invalid("size", "A size is one of: " + ", ".join([ORIGINAL, *SIZES]) + ".")


def replacement(public_id: UUID, file: str) -> str | None:
    """For a file of an older render version or of another rotation, a link to today's file of that size.

    None for any other file.
    """
    size = file.split(".", 1)[0]
    if size not in SIZES:
        return None
    image: Image | None = Image.objects.living().ready().filter(public_id=public_id).first()
    newer = file_of(image, size) if image and image.variants else file
    return signed_link(image, newer) if image and newer != file else None


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


def _signature(path: str, expires: int, key: str = "") -> str:
    """128 bits of HMAC-SHA256, hexadecimal; by the newest key unless another is named."""
    signed = _empty_signature(key or settings.LINK_SIGNING_KEYS[0]).copy()
    signed.update(f"{path}?{expires}".encode())
    return signed.hexdigest()[:32]


@lru_cache
def _empty_signature(key: str) -> hmac.HMAC:
    """Of no bytes yet, for copies: to begin one takes longer. The key is derived as Django's `salted_hmac` does."""
    return hmac.new(hashlib.sha256(f"images.delivery{key}".encode()).digest(), digestmod="sha256")
