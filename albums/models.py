"""Albums, with the sums of their images."""

from typing import TYPE_CHECKING, Any, ClassVar, Self

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.db.models import Q
from django.urls import reverse

from accounts.models import User, public_id

if TYPE_CHECKING:
    from images.models import Image

TITLE_LENGTH = 200
TEXT_LENGTH = 2000


class AlbumQuerySet(models.QuerySet["Album"]):
    def undeleted(self) -> Self:
        """Living or in the trash. No need to check the owner: deleting an account dooms its albums with it."""
        return self.filter(doomed_at=None)

    def living(self) -> Self:
        return self.undeleted().filter(trashed_at=None)

    def owned_by(self, user: User | AnonymousUser) -> Self:
        """The living albums of this user; none for an anonymous one."""
        return self.living().filter(owner=user) if user.is_authenticated else self.none()

    def trashed(self) -> Self:
        return self.undeleted().filter(trashed_at__isnull=False)

    def trashed_by(self, user: User | AnonymousUser) -> Self:
        return self.trashed().filter(owner=user) if user.is_authenticated else self.none()

    def doomed(self) -> Self:
        """Deleted for ever; each row stays until the album's images are gone."""
        return self.filter(doomed_at__isnull=False)

    def matching(self, words: str) -> Self:
        """Albums with `words` in title or description; every album when `words` is empty."""
        has_words = Q(title__icontains=words) | Q(description__icontains=words)
        return self.filter(has_words) if words else self


class Album(models.Model):
    """A named set of one owner's images.

    The transactions that add and remove images also update `image_count` and `bytes`, so that a list
    of albums never counts images. Images that are in the trash by themselves are not in the sums.
    """

    public_id = models.UUIDField(default=public_id, unique=True, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="albums")
    title = models.CharField(max_length=TITLE_LENGTH)
    description = models.CharField(max_length=TEXT_LENGTH, blank=True)
    # Public id of the image that the owner chose. When it is gone, the newest ready image is the cover.
    cover_choice = models.UUIDField(null=True, blank=True, editable=False)
    image_count = models.PositiveIntegerField(default=0, editable=False)
    bytes = models.PositiveBigIntegerField(default=0, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    # Set while the album and all its images are in the trash; the images' own rows do not change.
    trashed_at = models.DateTimeField(null=True, editable=False)
    # Set when the album is deleted for ever. No page or endpoint shows it from then on; files and rows go later.
    doomed_at = models.DateTimeField(null=True, editable=False, db_index=True)

    # Only images.delivery.covers.with_covers sets it, for pages that show covers.
    cover: "Image | None" = None

    objects: ClassVar[Any] = AlbumQuerySet.as_manager()

    class Meta:
        indexes = (
            models.Index(fields=["owner", "created_at"], name="album_by_age"),
            models.Index(fields=["owner", "updated_at"], name="album_by_change"),
            models.Index(fields=["owner", "title"], name="album_by_title"),
            models.Index(fields=["owner", "trashed_at"], name="album_trash"),
        )

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("album-detail", args=[self.public_id])
