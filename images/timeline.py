"""All images of one owner, over all albums: their list, its months, and which files are there already."""

from calendar import monthrange
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import cast
from uuid import UUID

from django.contrib.auth.models import AnonymousUser
from django.db.models import Count, prefetch_related_objects

from accounts.models import User
from albums import services as albums
from albums.models import Album
from images import search
from images.models import SHOWN, Image, ImageQuerySet, Month, OwnerMonth
from imagestore.kit.filters import DayFilter, Filter, FlagFilter, IdFilter
from imagestore.kit.keyset import cursor_from
from imagestore.kit.lists import ListRequest, ListSpec

LIST = ListSpec(
    orderings={"taken_at": "sorted_at", "created_at": "created_at", "name": "name_key"},
    filters=(
        Filter("status", [shown.value for shown in SHOWN], "status"),
        IdFilter("album", "album__public_id", "The id of one of your albums: its images alone."),
        FlagFilter("favourite", "favourite__in", "true: favourites alone. false: all others."),
        DayFilter("taken_after", "sorted_at__gte", "Taken on this day or later, by the camera's clock."),
        DayFilter("taken_before", "sorted_at__lt", "Taken before this day, by the camera's clock."),
    ),
    searches=search.SEARCHES,
    name="photos",
    search=search.matching,
    around=True,
)


@dataclass(frozen=True)
class MonthEntry:
    """How many images were taken in one month, and the cursor of `LIST` at which they begin."""

    month: str
    """As 2026-07."""
    count: int
    first: str

    @property
    def begins(self) -> date:
        return date.fromisoformat(f"{self.month}-01")


def images_of(user: User | AnonymousUser, list_request: ListRequest) -> ImageQuerySet:
    """The user's living images, or those of the album in `list_request`, which has yet to apply its other filters.

    Raises Problem `not_found` for an album that is not the user's.
    """
    album = list_request.filters["album"]
    images: ImageQuerySet = Image.objects.owned_by(user)
    if album:
        images = Image.objects.in_album(albums.find(user, UUID(album))).select_related("album")
    return images


def with_albums(images: list[Image]) -> list[Image]:
    """The same images, with their albums by one query. (With a join, MySQL might read albums first, and sort.)"""
    prefetch_related_objects(images, "album")
    return images


def months(user: User | AnonymousUser, list_request: ListRequest) -> list[MonthEntry]:
    """The months of the images that search and filters leave, newest first.

    Those of all images, and of all images of an album, are not counted: `images.totals` has their sums.
    """
    images = images_of(user, list_request)
    if list_request.narrowed_by() <= {"album"}:
        counts = _sums(images)
    else:
        dated = list_request.apply(images).by_month()
        counts = dated.values_list("year", "month").annotate(Count("pk")).order_by("-year", "-month")
    return [_month(year, month, count) for year, month, count in counts]


def months_to_jump_to(images: ImageQuerySet, list_request: ListRequest) -> list[MonthEntry]:
    """The months of a list of all images of an album or owner, in its order; none of one that is not by date.

    Sums alone: it counts no images, so there are none of a list that search or filters narrow.
    """
    ordering = list_request.ordering
    if not list_request.narrowed_by() <= {"album"} or ordering.removeprefix("-") != "taken_at":
        return []
    sums = list(_sums(images))
    return [_month(*each, ordering) for each in (sums if ordering.startswith("-") else reversed(sums))]


def existing(user: User | AnonymousUser, hashes: Sequence[str]) -> dict[str, list[UUID]]:
    """SHA-256 -> the ids of the user's living images that have it."""
    ids: dict[str, list[UUID]] = defaultdict(list)
    images = Image.objects.owned_by(user).filter(living_sha256__in=hashes).order_by("living_sha256", "public_id")
    for sha256, public_id in images.values_list("sha256", "public_id"):
        ids[sha256].append(public_id)
    return dict(ids)


def _sums(images: ImageQuerySet) -> Iterator[tuple[int, int, int]]:
    """Of all images of an album, or of an owner."""
    scope = images.scope
    counts = Counter(dict(scope.months.sums())) if isinstance(scope, Album) else _counts_of_all(cast(User, scope))
    for begins, count in sorted(counts.items(), reverse=True):
        if count:
            yield begins.year, begins.month, count


def _counts_of_all(user: User) -> Counter[date]:
    """The owner's months, less those of albums in the trash. Living albums are many, trashed ones few."""
    counts = Counter(dict(OwnerMonth.objects.filter(owner=user).values_list("begins", "image_count")))
    counts.subtract(dict(Month.objects.filter(album__in=Album.objects.trashed_by(user)).sums()))
    return counts


def _month(year: int, month: int, count: int, ordering: str = LIST.default_ordering) -> MonthEntry:
    last_day = monthrange(year, month)[1]
    begin, end = datetime(year, month, 1, tzinfo=UTC), datetime(year, month, last_day, 23, 59, 59, 999_999, UTC)
    first = cursor_from(end if ordering.startswith("-") else begin, ordering, LIST.orderings)
    return MonthEntry(f"{year:04}-{month:02}", count, first)
