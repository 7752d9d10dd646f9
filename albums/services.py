"""What users can do with albums. To delete one for ever: `images.services.delete_albums`; its images go first."""

from typing import Any
from uuid import UUID

from django.contrib.auth.models import AnonymousUser
from django.utils import timezone

from accounts.models import User
from accounts.services import lock_owner
from albums.models import Album, AlbumQuerySet
from imagestore.kit.database import refresh, retry_transaction
from imagestore.kit.lists import ListSpec
from imagestore.kit.problems import not_found

LIST = ListSpec(
    orderings={"created_at": "created_at", "title": "title", "updated_at": "updated_at"},
    searches="Words in title or description.",
)


def find(user: User | AnonymousUser, public_id: UUID) -> Album:
    """The user's own living album. Raises Problem `not_found`, for another user's album too."""
    album: Album | None = Album.objects.owned_by(user).filter(public_id=public_id).select_related("owner").first()
    if album is None:
        raise not_found()
    return album


@retry_transaction
def create(owner: User, *, title: str, description: str = "") -> Album:
    """Raises Problem `not_found` when the account was deleted meanwhile."""
    lock_owner(owner)
    if not User.objects.living().filter(pk=owner.pk).exists():
        raise not_found()
    return Album.objects.create(owner=owner, title=title, description=description)


def change(album: Album, **changes: Any) -> None:
    """Set `title`, `description` or `cover_choice`, and no other column: parallel requests may write those.

    Raises Problem `not_found` when the album is no longer living.
    """
    if not Album.objects.living().filter(pk=album.pk).update(updated_at=timezone.now(), **changes):
        raise not_found()
    refresh(album, Album.objects.undeleted())


@retry_transaction
def trash(owner: User, albums: AlbumQuerySet) -> int:
    """Put living albums of one owner into the trash, each with all its images; returns how many."""
    moment = lock_owner(owner)
    return albums.living().filter(owner=owner).update(trashed_at=moment)


@retry_transaction
def restore(owner: User, albums: AlbumQuerySet) -> int:
    """Take albums of one owner out of the trash, as they were; returns how many."""
    lock_owner(owner)
    return albums.trashed().filter(owner=owner).update(trashed_at=None)
