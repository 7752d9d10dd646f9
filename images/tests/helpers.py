"""Alice owns, Bob is a stranger; what they upload is made in memory."""

import zlib
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path

from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.models import User
from albums.models import Album, AlbumWord
from images import services
from images.models import Image
from images.rendering import queue, variants
from images.storage import identity
from images.storage.base import image_storage
from images.tests.pictures import jpeg_bytes
from images.uploads.staging import StagedFile
from imagestore.kit.search import add_words

PASSWORD = "korrekt-horse-9"


def user(email: str = "alice@example.org", **fields: object) -> User:
    """In a store that has been started once, so that its storage is marked."""
    identity.establish()
    return User.objects.create_user(email, PASSWORD, **fields)


def album(owner: User, title: str = "Iceland", **fields: object) -> Album:
    made = Album.objects.create(owner=owner, title=title, **fields)
    add_words(AlbumWord, [made])
    return made


def staged(content: bytes = b"", name: str = "photo.jpg") -> StagedFile:
    """As the upload handler leaves it, arrived in two chunks."""
    file = StagedFile(name)
    content = content or jpeg_bytes()
    half = len(content) // 2
    file.append(content[:half])
    file.append(content[half:])
    file.finish()
    assert file.problem or (file.sha256, file.crc32) == (sha256(content).hexdigest(), zlib.crc32(content))
    return file


def received(album: Album, content: bytes = b"", name: str = "photo.jpg") -> Image:
    """An image that is PENDING."""
    with staged(content, name) as file:
        return services.receive(album, file).image


def work_off() -> int:
    """Make everything that waits, here and now; how many images that were."""
    count = 0
    while claim := queue.claim_next():
        variants.render(claim)
        count += 1
    return count


def upload(content: bytes = b"", name: str = "photo.jpg") -> SimpleUploadedFile:
    """For a test client's multipart body."""
    return SimpleUploadedFile(name, content or jpeg_bytes())


def colours(count: int) -> Iterable[bytes]:
    """Pictures with different bytes, at most 144."""
    return (jpeg_bytes(color=(20 * (index % 12), 100 + 12 * (index // 12), 100)) for index in range(count))


def stored() -> set[str]:
    """Every name in storage but the marker's."""
    return {entry.name for entry in image_storage().listing()} - {identity.NAME}


def lose(name: str) -> None:
    """Past the store, as an accident does."""
    image_storage().delete(name)


def put(name: str, content: bytes) -> None:
    """Past the store; in place of what was there."""
    lose(name)
    image_storage().save(name, ContentFile(content))


def in_staging() -> list[str]:
    folder = Path(settings.STAGING_DIR)
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def original_bytes(image: Image) -> bytes:
    return stored_bytes(image.original_file)


def stored_bytes(name: str) -> bytes:
    file = image_storage().open_stored(name)
    return b"".join(file.chunks(range(file.size)))


def made_album(owner: User, count: int = 2, title: str = "Iceland") -> tuple[Album, list[Image]]:
    """An album whose images are READY."""
    holiday = album(owner, title)
    images = [received(holiday, content) for content in colours(count)]
    work_off()
    return holiday, images


def trash_all(*things: Album | Image) -> None:
    """Move albums and images to the trash of their owners."""
    for thing in things:
        rows = type(thing).objects.filter(pk=thing.pk)
        delete = services.delete_albums if isinstance(thing, Album) else services.delete_images
        assert delete(thing.owner, rows) == 1
