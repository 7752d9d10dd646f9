"""The image's row: the ledger of its bytes, the queue of its work, and its tombstone (images.lifecycle).

Names in storage are computed from it, and a worker holds it by a lease in it. Beside it stand the
rows about the store itself: which storage is its own, which process works on all of it, what was found wrong.
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
# What the original is called in storage.
ORIGINAL = "original"


def storage_prefix(public_id: UUID) -> str:
    """The folder of all files of an image, sharded by the id's last digits (the first are the clock's)."""
    name = public_id.hex
    return f"{name[-2:]}/{name[-4:-2]}/{name}"


# Longer than any lease is (a backup's is one hour). One that seems to last longer was given by a clock that
# has been set back since, and whoever held it may be dead.
LONGEST_LEASE = timedelta(hours=2)


def leased() -> Q:
    """Rows that somebody holds, by the database's clock."""
    return Q(leased_until__gt=Now(), leased_until__lte=Now() + LONGEST_LEASE)


class Status(models.TextChoices):
    RECEIVING = "receiving", "being received"
    PENDING = "pending", "being made"
    READY = "ready", "ready"
    FAILED = "failed", "failed"
    DOOMED = "doomed", "being deleted"


# What a door may show; the other two are the store's own business.
SHOWN = (Status.PENDING, Status.READY, Status.FAILED)


class ImageQuerySet(models.QuerySet["Image"]):
    def stored(self) -> Self:
        """PENDING, READY or FAILED. Below a doomed album they are hidden, and being doomed part by part."""
        return self.filter(status__in=SHOWN)

    def undeleted(self) -> Self:
        """What its owner has, in the trash or not."""
        return self.stored().exclude(album__in=Album.objects.doomed())

    def living(self) -> Self:
        """Kept, and neither it nor its album is in the trash."""
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
        """In the trash themselves: restoring their album leaves them there. Dooming empties the column."""
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
        """By album key: the chosen image where it is ready, else the newest ready one.

        Of albums in the trash too, whose own images come back with them.
        """
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
        """Those with `words` in name or caption; all of them for no words."""
        found = Q(name__icontains=words) | Q(caption__icontains=words)
        return self.filter(found) if words else self

    def unleased(self) -> Self:
        """Nobody works on these, by the database's clock."""
        return self.exclude(leased())

    def waiting(self) -> Self:
        """The queue: images to be made that nobody is making."""
        return self.unleased().filter(status=Status.PENDING)


class Image(models.Model):
    """One original and what was made of it. Sizes in bytes and px, `width` × `height` upright."""

    LEASE_HOLDER: ClassVar[str] = "lease_token"

    public_id = models.UUIDField(default=public_id, unique=True, editable=False)
    album = models.ForeignKey(Album, models.PROTECT, related_name="images")
    # Who pays for the bytes, and whose turn it is in the queue: always the album's owner.
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    name = models.CharField(max_length=NAME_LENGTH)
    caption = models.CharField(max_length=TEXT_LENGTH, blank=True)

    bytes = models.PositiveBigIntegerField("size (bytes)", editable=False)
    sha256 = models.CharField("SHA-256", max_length=64, editable=False)
    crc32 = models.PositiveBigIntegerField(editable=False)
    # The hash again while the image is kept, else NULL, which equals nothing: with `album` it is
    # unique, so the database decides which of two equal uploads is the image.
    living_sha256 = models.CharField(max_length=64, null=True, editable=False)  # noqa: DJ001

    content_type = models.CharField(max_length=50, editable=False)
    width = models.PositiveIntegerField(editable=False)
    height = models.PositiveIntegerField(editable=False)
    taken_at = models.DateTimeField(null=True, blank=True)
    # `taken_at`, or the upload's time where the camera said nothing: what lists sort by.
    sorted_at = models.DateTimeField(editable=False)
    camera = models.CharField(max_length=100, blank=True)
    placeholder = models.CharField("ThumbHash", max_length=64, blank=True, editable=False)
    # {"thumb": {"file", "width", "height", "content_type", "bytes", "crc32"}, …}; files may be shared.
    variants = models.JSONField(default=dict, editable=False)

    status = models.CharField(max_length=10, choices=Status.choices, default=Status.RECEIVING)
    error_code = models.CharField(max_length=20, blank=True, editable=False)
    error_detail = models.CharField(max_length=255, blank=True, editable=False)
    attempts = models.PositiveSmallIntegerField(default=0, editable=False)
    leased_until = models.DateTimeField(null=True, editable=False)
    lease_token = models.UUIDField(null=True, editable=False)

    # When its original was last read and compared: at its upload, then by the scrub.
    verified_at = models.DateTimeField(default=timezone.now, editable=False)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField(auto_now=True)
    # Set while it is in the trash alone, not with its album. It keeps its hash: the same bytes again restore it.
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
            # The queue, in turns: the next waiting image of the next owner.
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
    """One row: the id that the storage of this database bears too (images.marker)."""

    marker = models.UUIDField(default=uuid4, editable=False)

    def __str__(self) -> str:
        return self.marker.hex


# ---- Work on the whole store, by one process at a time --------------------------------------


class RunnerQuerySet(models.QuerySet["Runner"]):
    def running(self) -> Self:
        """Work that a process does right now, by the database's clock."""
        return self.filter(leased())


class Runner(models.Model):
    """Which process does a kind of work on the whole store: a lease, as images have one (images.locks)."""

    LEASE_HOLDER: ClassVar[str] = "token"

    name = models.CharField(max_length=30, unique=True)
    token = models.UUIDField(null=True)
    leased_until = models.DateTimeField(null=True)

    objects: ClassVar[Any] = RunnerQuerySet.as_manager()

    def __str__(self) -> str:
        return self.name


# ---- What verify and the scrub found --------------------------------------------------------


class FindingQuerySet(models.QuerySet["Finding"]):
    def unresolved(self) -> Self:
        return self.filter(resolved_at=None)

    def note(self, *, kind: str, file: str, detail: str, image: UUID | None) -> None:
        """Keep what was found: a new row, or the one that says so already."""
        now, file = timezone.now(), file[:FILE_LENGTH]
        if not self.unresolved().filter(kind=kind, file=file).update(seen_at=now, detail=detail):
            self.create(kind=kind, file=file, detail=detail, image=image, found_at=now, seen_at=now)

    def resolve(self) -> int:
        """It is well again, or it has gone."""
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
    # No foreign key: deleting images for ever is not slowed down by what was once found about them.
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
