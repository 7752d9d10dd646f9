"""The image's row, and rows about the store itself.

An image's row counts its bytes against the quota, queues its rendering, and hides it once it is
deleted (images.lifecycle). Names of files are computed from it. A worker holds it by a lease.
"""

from datetime import UTC, datetime, timedelta
from time import time_ns
from typing import Any, ClassVar, Self
from uuid import UUID, uuid4

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.db.models import OuterRef, Q, Subquery, Sum
from django.db.models.functions import ExtractMonth, ExtractYear, Now
from django.db.models.lookups import IsNull
from django.utils import timezone

from accounts.models import User, public_id
from albums.models import TEXT_LENGTH, Album
from images.processing.sizes import rotation_in
from imagestore.kit.addresses import path_of
from imagestore.kit.fields import NaturalKeyField
from imagestore.kit.search import ScopedQuerySet, Word

NAME_LENGTH = 255
FILE_LENGTH = 255
# The original's file name in storage.
ORIGINAL = "original"
# In `taken_from`: the owner has set the date.
TAKEN_BY_OWNER = "owner"
ROTATIONS = (0, 90, 180, 270)


def storage_prefix(public_id: UUID) -> str:
    """The folder of an image's files, sharded by the id's last digits: the first digits are a time stamp."""
    name = public_id.hex
    return f"{name[-2:]}/{name[-4:-2]}/{name}"


# No lease may last longer (a backup's lasts one hour). A row that seems to be leased for longer was leased
# before the database's clock was set back; it counts as unleased.
LONGEST_LEASE = timedelta(hours=2)


def leased() -> Q:
    """Rows under a running lease, by the database's clock."""
    return Q(leased_until__gt=Now(), leased_until__lte=Now() + LONGEST_LEASE)


class Status(models.TextChoices):
    RECEIVING = "receiving", "being received"
    PENDING = "pending", "being made"
    READY = "ready", "ready"
    FAILED = "failed", "failed"
    DOOMED = "doomed", "being deleted"


# What pages and the API may show. RECEIVING and DOOMED stay hidden.
SHOWN = (Status.PENDING, Status.READY, Status.FAILED)


class ImageQuerySet(ScopedQuerySet):
    def counted(self) -> Self:
        """Those whose bytes count against their owner's quota."""
        hidden = Q(album__in=Album.objects.doomed()) & ~Q(status=Status.RECEIVING)
        return self.exclude(status=Status.DOOMED).exclude(hidden)

    def stored(self) -> Self:
        """PENDING, READY or FAILED. Use `undeleted` to show images: it leaves out those of doomed albums."""
        return self.filter(status__in=SHOWN)

    def undeleted(self) -> Self:
        """All that their owners have, in the trash or not."""
        return self.stored().exclude(album__in=Album.objects.doomed())

    def living(self) -> Self:
        """Undeleted images that are not in the trash, nor is their album.

        A subquery for one value, because databases may read a joined table (EXISTS, `album__in`) first: then they
        would read the living albums of all users, and sort their images.
        """
        living_album = Subquery(Album.objects.living().filter(pk=OuterRef("album")).values("pk"))
        return self.stored().filter(IsNull(living_album, False), trashed_at=None)

    def owned_by(self, user: User | AnonymousUser) -> Self:
        """The living images of this user; none for an anonymous one."""
        return self.living().filter(owner=user).within(user) if user.is_authenticated else self.none()

    def in_album(self, album: Album) -> Self:
        return self.living().filter(album=album).within(album)

    def trashed(self) -> Self:
        """In the trash, alone or with their album."""
        return self.undeleted().filter(Q(trashed_at__isnull=False) | Q(album__in=Album.objects.trashed()))

    def trashed_alone(self) -> Self:
        """Trashed one by one: restoring their album leaves them there. Never doomed: `doom` clears the column."""
        # Not `exclude(album__in=…)`, for which MySQL reads the albums of all users.
        undeleted_album = Subquery(Album.objects.undeleted().filter(pk=OuterRef("album")).values("pk"))
        return self.filter(IsNull(undeleted_album, False), trashed_at__isnull=False)

    def trashed_by(self, user: User | AnonymousUser) -> Self:
        return self.trashed().filter(owner=user) if user.is_authenticated else self.none()

    def ready(self) -> Self:
        return self.filter(status=Status.READY)

    def doomed(self) -> Self:
        return self.filter(status=Status.DOOMED)

    def unfinished(self) -> Self:
        """Without their sizes: still being made, or failed."""
        return self.filter(status__in=[Status.PENDING, Status.FAILED])

    def newest_first(self) -> Self:
        return self.order_by("-created_at", "-public_id")

    def by_month(self) -> Any:
        """Not ordered, each with its `year` and `month` by the clock that lists are ordered by."""
        year, month = ExtractYear("sorted_at", tzinfo=UTC), ExtractMonth("sorted_at", tzinfo=UTC)
        return self.order_by().annotate(year=year, month=month)

    def unleased(self) -> Self:
        """Images that no worker holds, by the database's clock."""
        return self.exclude(leased())

    def waiting(self) -> Self:
        """The queue: PENDING images that no worker holds."""
        return self.unleased().filter(status=Status.PENDING)


# Lists of images (images.services.LIST, images.timeline.LIST) are of an album or an owner. Each order has an
# index, and each filter beside each order, so that no list is sorted, and none is searched for the rows to show.
LIST_SCOPES = ("album", "owner")
LIST_FILTERS = ("status", "favourite")
LIST_ORDERS = {"created_at": "age", "sorted_at": "taken", "name_key": "name"}


def _list_indexes() -> list[models.Index]:
    every = [[], *([each] for each in LIST_FILTERS)]
    of_all = [
        _list_index(scope, chosen, column, order)
        for scope in LIST_SCOPES
        for chosen in every
        for column, order in LIST_ORDERS.items()
    ]
    # Only albums are ordered by hand.
    return [*of_all, *(_list_index("album", chosen, "position", "hand") for chosen in ([], ["status"]))]


def _list_index(scope: str, chosen: list[str], column: str, order: str) -> models.Index:
    """It ends with the column that decides between equal values (imagestore.kit.keyset)."""
    fields = [scope, *chosen, "trashed_at", column, "public_id"]
    return models.Index(fields=fields, name="_".join(["list", scope, *chosen, order]))


class Image(models.Model):
    """One original and its variants. `width` and `height` are those of the upright picture, as turned, in px."""

    LEASE_HOLDER: ClassVar[str] = "lease_token"
    # Their words are found (images.search), beside those of the album's title.
    searched: ClassVar[tuple[str, ...]] = ("name", "caption", "camera")

    public_id = models.UUIDField(default=public_id, unique=True, editable=False)
    album = models.ForeignKey(Album, models.PROTECT, related_name="images")
    # Always the album's owner. The owner's quota counts the bytes, and the queue rotates by owner.
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    name = models.CharField(max_length=NAME_LENGTH)
    name_key = NaturalKeyField("name")
    caption = models.CharField(max_length=TEXT_LENGTH, blank=True)

    bytes = models.PositiveBigIntegerField("size (bytes)", editable=False)
    sha256 = models.CharField("SHA-256", max_length=64, editable=False)
    crc32 = models.PositiveBigIntegerField(editable=False)
    # A copy of `sha256` from PENDING until the image is doomed, else NULL. It is unique in its album, so the
    # database publishes only one of two uploads of the same bytes. Any number of rows may have NULL.
    living_sha256 = models.CharField(max_length=64, null=True, editable=False)  # noqa: DJ001

    content_type = models.CharField(max_length=50, editable=False)
    width = models.PositiveIntegerField(editable=False)
    height = models.PositiveIntegerField(editable=False)
    # By how many degrees its owner has turned it clockwise, on top of what the camera says: 0, 90, 180 or 270.
    rotation = models.PositiveSmallIntegerField(default=0, db_default=0, editable=False)
    # What the camera's clock showed, stored as if that were UTC, so that it is never converted. Read `taken_clock`.
    taken_at = models.DateTimeField("taken (the camera's clock)", null=True, blank=True)
    # By how much that clock was ahead of UTC; NULL if unknown.
    taken_offset_minutes = models.SmallIntegerField("minutes ahead of UTC", null=True, editable=False)
    # How it is known (images.processing.TAKEN_FROM, or TAKEN_BY_OWNER); empty where an older version of the store
    # read it.
    taken_from = models.CharField(max_length=10, blank=True, default="", db_default="", editable=False)
    # Lists sort by this: `taken_at`, or the time of the upload where that is unknown.
    sorted_at = models.DateTimeField(editable=False)
    # Where the image stands in its album's order by hand (images.ordering): when it came there, in ns of the
    # epoch, until it is put between two others. Never shown.
    position = models.BigIntegerField(default=time_ns, db_default=0, editable=False)
    camera = models.CharField(max_length=100, blank=True)
    lens = models.CharField(max_length=100, blank=True, default="", db_default="", editable=False)
    # {"focal_length_mm", "aperture", "seconds", "iso"}, each a number or null; NULL if the original tells none.
    exposure = models.JSONField(null=True, editable=False)
    favourite = models.BooleanField(default=False, db_default=False)
    placeholder = models.CharField("ThumbHash", max_length=64, blank=True, editable=False)
    # {"thumb": {"file", "width", "height", "content_type", "bytes", "crc32"}, …}; sizes may share a file.
    variants = models.JSONField(default=dict, editable=False)

    status = models.CharField(max_length=10, choices=Status.choices, default=Status.RECEIVING)
    error_code = models.CharField(max_length=20, blank=True, editable=False)
    error_detail = models.CharField(max_length=255, blank=True, editable=False)
    # Why part of a READY image's original cannot be read; empty when all of it can.
    damage_code = models.CharField(max_length=20, blank=True, default="", db_default="", editable=False)
    damage_detail = models.CharField(max_length=255, blank=True, default="", db_default="", editable=False)
    attempts = models.PositiveSmallIntegerField(default=0, editable=False)
    leased_until = models.DateTimeField(null=True, editable=False)
    lease_token = models.UUIDField(null=True, editable=False)
    # Whether the storage may have files of this image that the row does not name (images.lifecycle).
    may_have_orphans = models.BooleanField(default=False, db_default=False, editable=False)

    # When the original's bytes were last compared with `sha256`: at the upload, then by the scrub.
    verified_at = models.DateTimeField(default=timezone.now, editable=False)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField(auto_now=True)
    # Set while the image itself is in the trash; trashing its album sets nothing here. `living_sha256` stays,
    # so an upload of the same bytes restores the image.
    trashed_at = models.DateTimeField(null=True, editable=False)

    objects: ClassVar[Any] = ImageQuerySet.as_manager()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["album", "living_sha256"], name="one_image_per_hash"),)
        indexes = (
            *_list_indexes(),
            models.Index(fields=["owner", "trashed_at", "public_id"], name="image_list_in_trash"),
            # Which hashes has the owner already? (images.timeline)
            models.Index(fields=["owner", "living_sha256"], name="image_by_owner_and_hash"),
            models.Index(fields=["verified_at"], name="image_longest_unverified"),
            # The queue asks for the next waiting image of the next owner.
            models.Index(fields=["status", "owner"], name="image_queue"),
        )

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return path_of("image-detail", self.public_id)

    @property
    def is_settled(self) -> bool:
        """Whether the row names all files of the image. (A server of the version before writes the token alone.)"""
        return not self.may_have_orphans and self.lease_token is None

    @property
    def is_pending(self) -> bool:
        return self.status == Status.PENDING

    @property
    def format_name(self) -> str:
        """`JPEG` of image/jpeg, `NEF` of image/x-nikon-nef."""
        return self.content_type.removeprefix("image/").rpartition("-")[2].upper()

    @property
    def is_ready(self) -> bool:
        return self.status == Status.READY

    @property
    def is_failed(self) -> bool:
        return self.status == Status.FAILED

    @property
    def is_turning(self) -> bool:
        """Shown as it was before its owner turned it, until its new sizes are made. False if they cannot be."""
        made = next(iter(self.variants.values()), None)
        waits = self.is_ready and not self.error_detail
        return bool(waits and made and rotation_in(made["file"]) != self.rotation)

    @property
    def is_damaged(self) -> bool:
        """Shown, but part of its original cannot be read."""
        return self.is_ready and self.damage_code != ""

    @property
    def taken_clock(self) -> datetime | None:
        """Without a zone."""
        return self.taken_at and self.taken_at.replace(tzinfo=None)

    @property
    def taken_offset(self) -> str | None:
        """As "+02:00"."""
        if self.taken_offset_minutes is None:
            return None
        hours, minutes = divmod(abs(self.taken_offset_minutes), 60)
        return f"{'-' if self.taken_offset_minutes < 0 else '+'}{hours:02}:{minutes:02}"

    @property
    def storage_prefix(self) -> str:
        return storage_prefix(self.public_id)

    @property
    def original_file(self) -> str:
        return f"{self.storage_prefix}/{ORIGINAL}"


class MonthQuerySet(models.QuerySet["Month"]):
    def sums(self) -> Any:
        """Month -> how many images."""
        return self.values_list("begins").annotate(Sum("image_count")).order_by()


class Month(models.Model):
    """How many of an album's images were taken in one month. images.totals writes it with the album's sums."""

    # No constraint in the database: a server of the version before deletes albums without their months.
    album = models.ForeignKey(Album, models.CASCADE, related_name="months", db_constraint=False, db_index=False)
    # Always the album's owner.
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", db_constraint=False, db_index=False
    )
    # The month's first day.
    begins = models.DateField()
    image_count = models.PositiveIntegerField()

    objects: ClassVar[Any] = MonthQuerySet.as_manager()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["album", "begins"], name="one_month_of_an_album"),)
        # The sums of an owner are read from this index alone, in its order.
        indexes = (models.Index(fields=["owner", "begins", "image_count"], name="months_of_an_owner"),)

    def __str__(self) -> str:
        return f"{self.begins:%Y-%m}"


class OwnerMonth(models.Model):
    """The sum of one month over an owner's albums, also those in the trash. images.totals writes both together.

    An owner with 10,000 albums has tens of thousands of months of albums: too many to add up for each request.
    """

    # No constraint in the database: a server of the version before deletes users without their months.
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", db_constraint=False, db_index=False
    )
    # The month's first day.
    begins = models.DateField()
    image_count = models.PositiveIntegerField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["owner", "begins"], name="one_month_of_an_owner"),)

    def __str__(self) -> str:
        return f"{self.begins:%Y-%m}"


class RenderAgain(models.Model):
    """An image that shows its sizes while it waits for new ones, because its owner has turned it.

    It waits in the queue beside PENDING ones (images.rendering.queue). The transaction that records the new sizes
    deletes the row. Without constraints: an insert would lock the row of the owner.
    """

    image = models.OneToOneField(Image, models.CASCADE, primary_key=True, related_name="+", db_constraint=False)
    # The image's owner: the queue rotates by owner.
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.DO_NOTHING, related_name="+", db_constraint=False, db_index=False
    )

    class Meta:
        indexes = (models.Index(fields=["owner", "image"], name="render_again_by_owner"),)

    def __str__(self) -> str:
        return f"image {self.image_id}"


class ImageWord(Word):
    """A word of an image. imagestore.kit.search writes it, in the transaction that writes the image.

    Without constraints: an insert would lock the rows of owner and album. `owner` and `album` are the image's.
    """

    of, copied = "image", ("owner_id", "album_id")

    pk = models.CompositePrimaryKey("image_id", "position", "word")
    image = models.ForeignKey(Image, models.CASCADE, related_name="+", db_constraint=False, db_index=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.DO_NOTHING, related_name="+", db_constraint=False, db_index=False
    )
    album = models.ForeignKey(Album, models.DO_NOTHING, related_name="+", db_constraint=False, db_index=False)

    class Meta:
        indexes = (
            models.Index(fields=["owner", "word", "image"], name="word_of_an_owner"),
            models.Index(fields=["album", "word", "image"], name="word_of_an_album"),
        )


# ---- Resumable uploads ----------------------------------------------------------------------

# The header `Upload-Metadata` as it was sent. A request's header has no more characters.
METADATA_LENGTH = 8190


class UploadQuerySet(models.QuerySet["Upload"]):
    def open(self) -> Self:
        """Those that are still to become an image."""
        return self.filter(image=None)

    def owned_by(self, user: User | AnonymousUser) -> Self:
        """The uploads of this user into living albums, until they expire; none for an anonymous one."""
        if not user.is_authenticated:
            return self.none()
        return self.filter(owner=user, album__in=Album.objects.living(), expires_at__gt=Now())

    def expired(self) -> Self:
        """By the database's clock."""
        return self.filter(expires_at__lte=Now())


class Upload(models.Model):
    """A file that comes in several requests (images.uploads.resumable). Its bytes are in scratch until the end."""

    public_id = models.UUIDField(default=public_id, unique=True, editable=False)
    # The album's owner. No constraints in the database: a server of the version before deletes albums and users
    # without their uploads.
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", db_constraint=False)
    album = models.ForeignKey(Album, models.CASCADE, related_name="+", db_constraint=False)
    name = models.CharField(max_length=NAME_LENGTH)
    caption = models.CharField(max_length=TEXT_LENGTH, blank=True)
    # The client's checksum of the whole, lower-case hexadecimal; empty if it sent none.
    sha256 = models.CharField("SHA-256", max_length=64, blank=True)
    metadata = models.TextField(max_length=METADATA_LENGTH)

    length = models.PositiveBigIntegerField("size (bytes)")
    # So many bytes are on the disk for certain. The last byte counts only once the image is stored.
    offset = models.PositiveBigIntegerField("arrived (bytes)", default=0)
    # The name of the file with these bytes. Each request that begins at offset 0 gives a new one, so that an
    # earlier request, also one to another server, changes nothing more.
    part = models.UUIDField(null=True)
    # Whether `length` is in the owner's `used_bytes`.
    counted = models.BooleanField(default=False)
    # What it became. No foreign key: the image may be deleted before this row.
    image = models.UUIDField(null=True)
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()

    objects: ClassVar[Any] = UploadQuerySet.as_manager()

    class Meta:
        indexes = (
            models.Index(fields=["owner", "image"], name="upload_of_owner"),
            models.Index(fields=["expires_at"], name="upload_expiry"),
            models.Index(fields=["part"], name="upload_by_part"),
        )

    def __str__(self) -> str:
        return self.name

    @property
    def is_finished(self) -> bool:
        return self.image is not None


# ---- CDN --------------------------------------------------------------------------------------


class CdnPurgeQuerySet(models.QuerySet["CdnPurge"]):
    def due(self) -> Self:
        """By the database's clock, the oldest first."""
        return self.filter(due_at__lte=Now()).order_by("due_at")


class CdnPurge(models.Model):
    """An image that was deleted for ever, of which a CDN may still have files (images.deletion.cdn)."""

    # Its public id: the row of the image is gone.
    image = models.UUIDField(primary_key=True)
    due_at = models.DateTimeField(db_index=True)

    objects: ClassVar[Any] = CdnPurgeQuerySet.as_manager()

    def __str__(self) -> str:
        return self.image.hex


# ---- Rows about the store itself ------------------------------------------------------------


class Store(models.Model):
    """One row: the id that the identity file in the storage holds, too (images.storage.identity)."""

    marker = models.UUIDField(default=uuid4, editable=False)

    def __str__(self) -> str:
        return self.marker.hex


class RunnerQuerySet(models.QuerySet["Runner"]):
    def running(self) -> Self:
        """Locks that a process holds now, by the database's clock."""
        return self.filter(leased())


class Runner(models.Model):
    """A lock on one kind of work, such as a backup: the process that does it leases the row (images.locks)."""

    LEASE_HOLDER: ClassVar[str] = "token"

    name = models.CharField(max_length=30, unique=True)
    token = models.UUIDField(null=True)
    leased_until = models.DateTimeField(null=True)

    objects: ClassVar[Any] = RunnerQuerySet.as_manager()

    def __str__(self) -> str:
        return self.name


class LastRunQuerySet(models.QuerySet["LastRun"]):
    def note(self, work: str, *, losses: int) -> None:
        """This work has just ended, having seen so many files that are missing, damaged or unknown."""
        self.update_or_create(work=work, defaults={"ended_at": timezone.now(), "losses": losses})


class LastRun(models.Model):
    """When a command for the whole store last came to its end. One that was stopped half way leaves no trace."""

    BACKUP: ClassVar[str] = "backup"
    VERIFY: ClassVar[str] = "verify"

    work = models.CharField(max_length=30, unique=True)
    ended_at = models.DateTimeField()
    losses = models.PositiveIntegerField()

    objects: ClassVar[Any] = LastRunQuerySet.as_manager()

    def __str__(self) -> str:
        return self.work


# ---- Findings of verify and the scrub -------------------------------------------------------


class FindingQuerySet(models.QuerySet["Finding"]):
    def unresolved(self) -> Self:
        return self.filter(resolved_at=None)

    def note(self, *, kind: str, file: str, detail: str, image: UUID | None) -> None:
        """Write a new row, or renew the unresolved one of the same kind and file."""
        now, file = timezone.now(), file[:FILE_LENGTH]
        if not self.unresolved().filter(kind=kind, file=file).update(seen_at=now, detail=detail):
            self.create(kind=kind, file=file, detail=detail, image=image, found_at=now, seen_at=now)

    def resolve(self) -> int:
        """Call when these files are sound again, or gone. Returns how many findings were open."""
        return self.unresolved().update(resolved_at=timezone.now())


class Finding(models.Model):
    """One file that is not as its row says, or that no row names."""

    class Kind(models.TextChoices):
        MISSING_ORIGINAL = "missing_original", "missing original"
        DAMAGED_ORIGINAL = "damaged_original", "damaged original"
        MISSING_VARIANT = "missing_variant", "missing variant"
        DAMAGED_VARIANT = "damaged_variant", "damaged variant"
        UNKNOWN_FILE = "unknown_file", "unknown file"

    kind = models.CharField(max_length=20, choices=Kind.choices)
    file = models.CharField("name in storage", max_length=FILE_LENGTH)
    detail = models.CharField(max_length=255, blank=True)
    # No foreign key, so that deleting an image need not search this table.
    image = models.UUIDField("image", null=True)
    found_at = models.DateTimeField("first found")
    seen_at = models.DateTimeField("last seen")
    resolved_at = models.DateTimeField("resolved", null=True)

    objects: ClassVar[Any] = FindingQuerySet.as_manager()

    class Meta:
        indexes = (
            models.Index(fields=["file"], name="finding_by_file"),
            models.Index(fields=["resolved_at", "seen_at"], name="finding_unresolved"),
        )

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.file}"
