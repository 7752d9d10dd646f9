"""Lists of images, of an album or of all photos. The query of a link tells from which one an image was opened."""

from uuid import UUID

from django.http import HttpRequest, QueryDict
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


def ids_by_album(images: ImageQuerySet) -> dict[str, list[UUID]]:
    """For "Select all": the ids of at most MAX_SELECTED images, by the id of their album."""
    ids: dict[int, list[UUID]] = {}
    for album, image in images.values_list("album_id", "public_id")[:MAX_SELECTED]:
        ids.setdefault(album, []).append(image)
    found = Album.objects.in_bulk(ids)
    return {str(found[pk].public_id): images for pk, images in ids.items() if pk in found}


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
