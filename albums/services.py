"""What users can do with albums. To delete one for ever: `images.services.delete_albums`; its images go first."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User, id_for
from accounts.services import lock_owner
from albums import search
from albums.models import TEXT_LENGTH, TITLE_LENGTH, Album, AlbumQuerySet, AlbumWord
from imagestore.kit.database import refresh, retry_transaction
from imagestore.kit.lists import ListSpec
from imagestore.kit.logging import log_rows, public_ids
from imagestore.kit.problems import Problem, not_found
from imagestore.kit.search import add_words, replace_words
from imagestore.kit.sentences import filled
from imagestore.kit.text import compose_fields, composed
from imagestore.kit.words import natural_key

LIST = ListSpec(
    orderings={"created_at": "created_at", "title": "title_key", "updated_at": "updated_at"},
    searches="Each word must begin a word of title or description; quotation marks keep words together.",
    search=search.matching,
)
# Texts that are stored in NFC, and how long each may be.
_TEXTS = {"title": TITLE_LENGTH, "description": TEXT_LENGTH}


def find(user: User | AnonymousUser, public_id: UUID) -> Album:
    """The user's own living album. Raises Problem `not_found`, for another user's album too."""
    album: Album | None = Album.objects.owned_by(user).filter(public_id=public_id).select_related("owner").first()
    if album is None:
        raise not_found()
    return album


@retry_transaction
def create(owner: User, *, title: str, description: str = "") -> Album:
    """Raises Problem `quota_exceeded` at MAX_ALBUMS, `not_found` when the account was deleted meanwhile."""
    lock_owner(owner)
    return _create(owner, title=title, description=description)


@retry_transaction
def find_or_create(owner: User, title: str) -> Album:
    """The owner's oldest living album of exactly this title; a new one when there is none.

    Raises Problem `quota_exceeded` at MAX_ALBUMS, `not_found` when the account was deleted meanwhile.
    """
    title = composed(title, TITLE_LENGTH)
    lock_owner(owner)
    # MariaDB may count é as e, upper as lower case, and any emoji as any other: compare here.
    alike = Album.objects.owned_by(owner).filter(title=title).order_by("pk")
    exact = next((album for album in alike if album.title == title), None)
    return exact or _create(owner, title=title)


def _create(owner: User, **texts: str) -> Album:
    """Call it with the owner's row locked: parallel requests must not pass the limit together."""
    if not User.objects.living().filter(pk=owner.pk).exists():
        raise not_found()
    used = Album.objects.undeleted().filter(owner=owner).count()
    if used >= settings.MAX_ALBUMS:
        sentence = _(
            "You have %(used)s albums, the trash included, and can have %(most)s. Nothing was stored. "
            "Delete albums for ever first, or add the images to an album that you have."
        )
        detail = filled(sentence, used=used, most=settings.MAX_ALBUMS)
        raise Problem("quota_exceeded", detail, limit=settings.MAX_ALBUMS, used=used)
    album: Album = Album.objects.create(public_id=id_for(owner), owner=owner, **compose_fields(texts, _TEXTS))
    add_words(AlbumWord, [album])
    return album


@retry_transaction
def change(album: Album, **changes: Any) -> None:
    """Set `title`, `description` or `ordering`, and no other column: parallel requests may write those.

    Call `images.services.change_album` to set `cover_choice`. Raises Problem `not_found` when the album is no
    longer living.
    """
    changes = compose_fields(changes, _TEXTS)
    if "title" in changes:
        changes["title_key"] = natural_key(changes["title"])
    if not Album.objects.living().filter(pk=album.pk).update(updated_at=timezone.now(), **changes):
        raise not_found()
    refresh(album, Album.objects.undeleted())
    if changes.keys() & Album.searched:
        replace_words(AlbumWord, [album])


def trash(owner: User, albums: AlbumQuerySet) -> int:
    """Put living albums of one owner into the trash, each with all its images; returns how many."""
    ids = public_ids(albums.living().filter(owner=owner))
    count = _trash(owner, albums)
    log_rows("albums put into the trash", owner, ids, count)
    return count


@retry_transaction
def _trash(owner: User, albums: AlbumQuerySet) -> int:
    moment = lock_owner(owner)
    return albums.living().filter(owner=owner).update(trashed_at=moment)


def restore(owner: User, albums: AlbumQuerySet) -> int:
    """Take albums of one owner out of the trash, as they were; returns how many."""
    ids = public_ids(albums.trashed().filter(owner=owner))
    count = _restore(owner, albums)
    log_rows("albums restored", owner, ids, count)
    return count


@retry_transaction
def _restore(owner: User, albums: AlbumQuerySet) -> int:
    lock_owner(owner)
    return albums.trashed().filter(owner=owner).update(trashed_at=None)
