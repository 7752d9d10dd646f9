"""Albums, with the sums of their images."""

from typing import TYPE_CHECKING, Any, ClassVar, Self

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db import models

from accounts.models import User, public_id
from imagestore.kit.addresses import path_of
from imagestore.kit.fields import NaturalKeyField
from imagestore.kit.search import ScopedQuerySet, Word

if TYPE_CHECKING:
    from images.models import Image

TITLE_LENGTH = 200
TEXT_LENGTH = 2000
ORDERING_LENGTH = 20


class AlbumQuerySet(ScopedQuerySet):
    def undeleted(self) -> Self:
        """Living or in the trash. No need to check the owner: deleting an account dooms its albums with it."""
        return self.filter(doomed_at=None)

    def living(self) -> Self:
        return self.undeleted().filter(trashed_at=None)

    def owned_by(self, user: User | AnonymousUser) -> Self:
        """The living albums of this user; none for an anonymous one."""
        return self.living().filter(owner=user).within(user) if user.is_authenticated else self.none()

    def trashed(self) -> Self:
        return self.undeleted().filter(trashed_at__isnull=False)

    def trashed_by(self, user: User | AnonymousUser) -> Self:
        return self.trashed().filter(owner=user) if user.is_authenticated else self.none()

    def doomed(self) -> Self:
        """Deleted for ever; each row stays until the album's images are gone."""
        return self.filter(doomed_at__isnull=False)


class Album(models.Model):
    """A named set of one owner's images.

    The transactions that add and remove images also update `image_count` and `bytes`, so that a list
    of albums never counts images. Images that are in the trash by themselves are not in the sums.
    """

    # Their words are found (albums.search). The title comes first: its words find the album's images, too.
    searched: ClassVar[tuple[str, ...]] = ("title", "description")

    public_id = models.UUIDField(default=public_id, unique=True, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="albums")
    title = models.CharField(max_length=TITLE_LENGTH)
    title_key = NaturalKeyField("title")
    description = models.CharField(max_length=TEXT_LENGTH, blank=True)
    # How its images are listed where no order is asked for: a name of `images.services.LIST`, perhaps with a minus.
    # Albums from before there was a choice stay as their owners know them.
    ordering = models.CharField(
        max_length=ORDERING_LENGTH, default="taken_at", db_default="-created_at", editable=False
    )
    # Public id of the image that the owner chose. When it is gone, the newest ready image is the cover.
    cover_choice = models.UUIDField(null=True, blank=True, editable=False)
    # Primary key of the image that is the cover now; 0 for none. Only images.covers writes it. No foreign key,
    # because images refer to albums.
    cover_key = models.PositiveBigIntegerField(default=0, db_default=0, editable=False)
    image_count = models.PositiveIntegerField(default=0, editable=False)
    bytes = models.PositiveBigIntegerField(default=0, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    # Set while the album and all its images are in the trash; the images' own rows do not change.
    trashed_at = models.DateTimeField(null=True, editable=False)
    # Set when the album is deleted for ever. No page or endpoint shows it from then on; files and rows go later.
    doomed_at = models.DateTimeField(null=True, editable=False, db_index=True)

    # Only images.covers.with_covers sets it, for pages that show covers.
    cover: "Image | None" = None

    objects: ClassVar[Any] = AlbumQuerySet.as_manager()

    class Meta:
        indexes = (
            # Lists: each ends with the column that decides between equal values (imagestore.kit.keyset). Albums
            # that are trashed or doomed are not read, however many there are.
            *(
                models.Index(fields=["owner", "doomed_at", "trashed_at", column, "public_id"], name=name)
                for column, name in (
                    ("created_at", "album_list_living_by_age"),
                    ("updated_at", "album_list_living_by_change"),
                    ("title_key", "album_list_living_by_title"),
                )
            ),
            models.Index(fields=["owner", "doomed_at", "trashed_at", "public_id"], name="album_list_trashed"),
        )

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return path_of("album-detail", self.public_id)


class AlbumWord(Word):
    """A word of an album. imagestore.kit.search writes it, in the transaction that writes the album."""

    of, copied = "album", ("owner_id",)

    pk = models.CompositePrimaryKey("album_id", "position", "word")
    album = models.ForeignKey(Album, models.CASCADE, related_name="+", db_constraint=False, db_index=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.DO_NOTHING, related_name="+", db_constraint=False, db_index=False
    )

    class Meta:
        indexes = (models.Index(fields=["owner", "word", "album"], name="word_of_an_owners_album"),)
