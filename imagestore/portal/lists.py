"""Lists of images, of an album or of all photos. The query of a link tells from which one an image was opened."""

from itertools import groupby
from operator import itemgetter
from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpRequest, JsonResponse, QueryDict
from django.urls import reverse
from django.utils.translation import gettext

from albums.models import Album, AlbumQuerySet
from images import services, timeline
from images.models import Image, ImageQuerySet
from imagestore.kit.lists import ListRequest
from imagestore.kit.problems import not_found

# The most tiles that one request may ask for.
MAX_TILES = 200
# So many albums can be chosen in a menu.
ALBUM_CHOICES = 200
# So many photos can be selected at once.
MAX_SELECTED = 10_000


def tile_ids(request: HttpRequest) -> list[UUID]:
    """Those in `?ids=`. Raises Problem `not_found` for what is no id."""
    try:
        return [UUID(text) for text in request.GET.get("ids", "").split(",") if text][:MAX_TILES]
    except ValueError:
        raise not_found() from None


def ids_in_order(images: "QuerySet[Image]") -> JsonResponse:
    """For "Select all": [[id of an album, ids of its images], …], of at most MAX_SELECTED images, in their order.

    An album is there once for each run of its images.
    """
    rows = images.values_list("album_id", "public_id")[:MAX_SELECTED]
    runs = [(album, [image for _, image in run]) for album, run in groupby(rows, key=itemgetter(0))]
    found = Album.objects.in_bulk({album for album, _ in runs})
    return JsonResponse([(found[album].public_id, ids) for album, ids in runs if album in found], safe=False)


def album_choices(albums: AlbumQuerySet) -> AlbumQuerySet:
    """Those of `albums` that a menu offers: those that changed last."""
    return albums.order_by("-updated_at", "-public_id").only("public_id", "title")[:ALBUM_CHOICES]


def list_request_of(request: HttpRequest, album: Album) -> ListRequest:
    """Of all photos, or of this album. Raises Problem `invalid` for what that list does not allow."""
    if request.GET.get("list") == timeline.LIST.name:
        return timeline.LIST.read(request.GET)
    return services.LIST.read(request.GET, album.ordering)


def neighbours(image: Image, list_request: ListRequest) -> tuple[Image | None, Image | None]:
    """The images before and after this one in its list; None at an end."""
    images: ImageQuerySet = Image.objects.in_album(image.album)
    if list_request.spec is timeline.LIST:
        images = timeline.images_of(image.owner, list_request)
    return list_request.neighbours(list_request.apply(images), image)


def title_of(image: Image, list_request: ListRequest) -> str:
    return gettext("Photos") if list_request.spec is timeline.LIST else image.album.title


def list_url(image: Image, list_request: ListRequest) -> str:
    """The page of the list, with its search, filters and order."""
    path = reverse("photos") if list_request.spec is timeline.LIST else image.album.get_absolute_url()
    return path + _query_string(list_request.page_query)


def place_url(image: Image, list_request: ListRequest) -> str:
    """The page of the list that holds the image."""
    path = list_url(image, list_request)
    return f"{path}{'&' if '?' in path else '?'}around={image.public_id}#i-{image.public_id}"


def image_url(image: Image, list_request: ListRequest) -> str:
    """The image's page, which leads on in the list."""
    return image.get_absolute_url() + _query_string(list_request.query)


def _query_string(query: QueryDict) -> str:
    return f"?{query.urlencode()}" if query else ""
