"""The image's row, and rows about the store itself.

An image's row counts its bytes against the quota, queues its rendering, and hides it once it is
deleted (images.lifecycle). Names of files are computed from it. A worker holds it by a lease.
"""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any, ClassVar, Self
from uuid import UUID, uuid4

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.db.models import OuterRef, Q
from django.db.models.functions import Now
from django.urls import reverse
from django.utils import timezone

from accounts.models import User, public_id
from albums.models import TEXT_LENGTH, Album

NAME_LENGTH = 255
FILE_LENGTH = 255
# The original's file name in storage.
ORIGINAL = "original"


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


class ImageQuerySet(models.QuerySet["Image"]):
    def stored(self) -> Self:
        """PENDING, READY or FAILED. Use `undeleted` to show images: it leaves out those of doomed albums."""
        return self.filter(status__in=SHOWN)

    def undeleted(self) -> Self:
        """All that their owners have, in the trash or not."""
        return self.stored().exclude(album__in=Album.objects.doomed())

    def living(self) -> Self:
        """Undeleted images that are not in the trash, nor is their album."""
        return self.stored().filter(trashed_at=None, album__in=Album.objects.living())

    def owned_by(self, user: User | AnonymousUser) -> Self:
        """The living images of this user; none for an anonymous one."""
        return self.living().filter(owner=user) if user.is_authenticated else self.none()

    def in_album(self, album: Album) -> Self:
        return self.living().filter(album=album)

    def trashed(self) -> Self:
        """In the trash, alone or with their album."""
        return self.undeleted().filter(Q(trashed_at__isnull=False) | Q(album__in=Album.objects.trashed()))

    def trashed_alone(self) -> Self:
        """Trashed one by one: restoring their album leaves them there. Never doomed: `doom` clears the column."""
        return self.filter(trashed_at__isnull=False).exclude(album__in=Album.objects.doomed())

    def trashed_by(self, user: User | AnonymousUser) -> Self:
        return self.trashed().filter(owner=user) if user.is_authenticated else self.none()

    def ready(self) -> Self:
        return self.filter(status=Status.READY)

    def doomed(self) -> Self:
        return self.filter(status=Status.DOOMED)

    def newest_first(self) -> Self:
        return self.order_by("-created_at", "-pk")

    def covers_of(self, albums: Iterable[Album]) -> "dict[int, Image]":
        """By album key: the chosen image if it is ready, else the newest ready one; of trashed albums, too."""
        shown = self.ready().filter(trashed_at=None)
        newest = shown.filter(album=OuterRef("pk")).newest_first().values("pk")[:1]
        keys = [album.pk for album in albums]
        newest_of = dict(Album.objects.filter(pk__in=keys).annotate(newest=newest).values_list("pk", "newest"))
        choices = {album.pk: album.cover_choice for album in albums if album.cover_choice}
        wanted = Q(pk__in=[pk for pk in newest_of.values() if pk]) | Q(public_id__in=choices.values())
        covers: dict[int, Image] = {}
        for image in shown.filter(wanted, album__in=keys):
            if image.public_id == choices.get(image.album_id):
                covers[image.album_id] = image
            elif image.pk == newest_of[image.album_id]:
                covers.setdefault(image.album_id, image)
        return covers

    def matching(self, words: str) -> Self:
        """Those with `words` in name or caption; all images when `words` is empty."""
        matches = Q(name__icontains=words) | Q(caption__icontains=words)
        return self.filter(matches) if words else self

    def unleased(self) -> Self:
        """Images that no worker holds, by the database's clock."""
        return self.exclude(leased())

    def waiting(self) -> Self:
        """The queue: PENDING images that no worker holds."""
        return self.unleased().filter(status=Status.PENDING)


class Image(models.Model):
    """One original and its variants. `width` and `height` are those of the upright picture, in px."""

    LEASE_HOLDER: ClassVar[str] = "lease_token"

    public_id = models.UUIDField(default=public_id, unique=True, editable=False)
    album = models.ForeignKey(Album, models.PROTECT, related_name="images")
    # Always the album's owner. The owner's quota counts the bytes, and the queue rotates by owner.
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    name = models.CharField(max_length=NAME_LENGTH)
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
    taken_at = models.DateTimeField(null=True, blank=True)
    # Lists sort by this: `taken_at`, or the time of the upload when the camera gave none.
    sorted_at = models.DateTimeField(editable=False)
    camera = models.CharField(max_length=100, blank=True)
    placeholder = models.CharField("ThumbHash", max_length=64, blank=True, editable=False)
    # {"thumb": {"file", "width", "height", "content_type", "bytes", "crc32"}, …}; sizes may share a file.
    variants = models.JSONField(default=dict, editable=False)

    status = models.CharField(max_length=10, choices=Status.choices, default=Status.RECEIVING)
    error_code = models.CharField(max_length=20, blank=True, editable=False)
    error_detail = models.CharField(max_length=255, blank=True, editable=False)
    attempts = models.PositiveSmallIntegerField(default=0, editable=False)
    leased_until = models.DateTimeField(null=True, editable=False)
    lease_token = models.UUIDField(null=True, editable=False)

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
            models.Index(fields=["album", "created_at"], name="image_by_age"),
            models.Index(fields=["album", "sorted_at"], name="image_by_taken"),
            models.Index(fields=["album", "name"], name="image_by_name"),
            models.Index(fields=["owner", "trashed_at"], name="image_trash"),
            models.Index(fields=["verified_at"], name="image_longest_unverified"),
            # The queue asks for the next waiting image of the next owner.
            models.Index(fields=["status", "owner"], name="image_queue"),
        )

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("image-detail", args=[self.public_id])

    @property
    def is_pending(self) -> bool:
        return self.status == Status.PENDING

    @property
    def is_ready(self) -> bool:
        return self.status == Status.READY

    @property
    def is_failed(self) -> bool:
        return self.status == Status.FAILED

    @property
    def storage_prefix(self) -> str:
        return storage_prefix(self.public_id)

    @property
    def original_file(self) -> str:
        return f"{self.storage_prefix}/{ORIGINAL}"


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
