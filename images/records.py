"""Rows about the store itself: which storage is its own, who is at work on all of it, what was found wrong."""

from datetime import timedelta
from typing import Any, ClassVar, Self
from uuid import UUID, uuid4

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

FILE_LENGTH = 255
# Longer than any lease is (a backup's is one hour). One that seems to last longer was given by a clock that
# has been set back since, and whoever held it may be dead.
LONGEST_LEASE = timedelta(hours=2)


def leased() -> Q:
    """Rows that somebody holds, by the database's clock."""
    return Q(leased_until__gt=Now(), leased_until__lte=Now() + LONGEST_LEASE)


class Store(models.Model):
    """One row: the id that the storage of this database bears too (images.marker)."""

    marker = models.UUIDField(default=uuid4, editable=False)

    def __str__(self) -> str:
        return self.marker.hex


# ---- Work on the whole store, by one process at a time --------------------------------------


class RunnerQuerySet(models.QuerySet["Runner"]):
    def free(self) -> Self:
        """Nobody holds these, by the database's clock."""
        return self.exclude(leased())

    def running(self) -> Self:
        """Somebody holds these, by the database's clock."""
        return self.filter(leased())

    def take(self, name: str, *, token: UUID, lease: timedelta) -> bool:
        """Hold this work for `lease`; False while another process does."""
        self.get_or_create(name=name)
        return self.free().filter(name=name).update(token=token, leased_until=Now() + lease) == 1

    def held(self, name: str, token: UUID) -> Self:
        return self.filter(name=name, token=token)


class Runner(models.Model):
    """Who reconciles, or takes a backup: a lease, as images have one."""

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
