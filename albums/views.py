"""The pages around albums: the list, and making, naming and deleting one."""

from typing import cast
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from accounts.models import User
from albums import services
from albums.forms import AlbumForm
from albums.models import Album
from images.delivery import with_covers
from images.services import delete_albums
from images.views import say_where_it_went
from imagestore.keyset import page_of
from imagestore.params import flag


@require_GET
def album_list(request: HttpRequest) -> HttpResponse:
    page = page_of(services.search(request.user, request.GET), request.GET, services.ORDERINGS)
    with_covers(page.items)
    context = {
        "page": page,
        "next_url": page.url(request, page.next_cursor),
        "previous_url": page.url(request, page.previous_cursor),
        "search": request.GET.get("search", ""),
        "ordering": request.GET.get("ordering", "-created_at"),
    }
    return render(request, "albums/list.html", context)


@require_http_methods(["GET", "POST"])
def album_create(request: HttpRequest) -> HttpResponse:
    form = AlbumForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        return redirect(services.create(cast(User, request.user), **form.cleaned_data))
    return render(request, "albums/form.html", {"form": form, "album": None})


@require_http_methods(["GET", "POST"])
def album_edit(request: HttpRequest, album: UUID) -> HttpResponse:
    found = services.find(request.user, album)
    form = AlbumForm(request.POST or None, instance=found)
    if request.method == "POST" and form.is_valid():
        services.change(found, **form.cleaned_data)
        messages.success(request, "Saved.")
        return redirect(found)
    return render(request, "albums/form.html", {"form": form, "album": found})


@require_http_methods(["GET", "POST"])
def album_delete(request: HttpRequest, album: UUID) -> HttpResponse:
    """To the trash at once, with a way back. The page asks, before it is for ever."""
    found = services.find(request.user, album)
    if request.method == "GET":
        return render(request, "albums/confirm_delete.html", {"album": found})
    permanent = flag(request.POST, "permanent")
    delete_albums(found.owner, Album.objects.filter(pk=found.pk), permanent=permanent)
    say_where_it_went(request, found, permanent=permanent)
    return redirect("album-list")
