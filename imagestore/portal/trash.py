"""The pages of the trash."""

from typing import cast
from urllib.parse import urlencode
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import User
from albums.models import Album
from images.deletion import trash
from images.models import Image
from imagestore.kit.problems import not_found
from imagestore.portal.lists import ids_in_order


@require_safe
def trash_list(request: HttpRequest) -> HttpResponse:
    page = trash.LIST.read(request.GET).page(trash.contents(request.user))
    if request.GET.get("cursor") and not page.items:
        # The last entry of this page has gone.
        return redirect("trash")
    context = {
        "entries": trash.entries(page.items),
        "page": page,
        "trash_days": settings.TRASH_DAYS,
    }
    return render(request, "trash/list.html", context)


@require_safe
def trash_ids(request: HttpRequest) -> HttpResponse:
    """For "Select all": the photos that are in the trash by themselves, not with their album."""
    return ids_in_order(trash.contents(request.user)[1].order_by("-trashed_at"))


def _page_url(request: HttpRequest) -> str:
    """The page of the trash that the user came from; links from that page carry its query."""
    query = {name: value for name, value in request.GET.items() if name in ("cursor", "ordering", "page_size")}
    return reverse("trash") + (f"?{urlencode(query)}" if query else "")


@require_safe
def trash_detail(request: HttpRequest, item_id: UUID) -> HttpResponse:
    """A larger look at a photo that is in the trash by itself, not with its album."""
    item = trash.find(request.user, item_id)
    if isinstance(item, Album) or item.trashed_at is None:
        raise not_found()
    return render(request, "trash/detail.html", {"entry": trash.entries([item])[0], "image": item})


@require_POST
def trash_restore(request: HttpRequest, item_id: UUID) -> HttpResponse:
    item = trash.find(request.user, item_id)
    trash.restore(item)
    said = gettext("“%(item)s” is back.")
    if "stay" not in request.POST:
        messages.success(request, said % {"item": item})
        return redirect(item)
    link = format_html('<a href="{}">{}</a>', item.get_absolute_url(), item)
    messages.success(request, format_html(said % {"item": "{}"}, link))
    return redirect(_page_url(request))


@require_http_methods(["GET", "HEAD", "POST"])
def trash_delete(request: HttpRequest, item_id: UUID) -> HttpResponse:
    item = trash.find(request.user, item_id)
    if request.method != "POST":
        context = {"item": item, "sums": trash.sums_of(trash.images_of(item))}
        return render(request, "trash/confirm_delete.html", context)
    trash.delete(item)
    messages.success(request, gettext("“%(item)s” is deleted.") % {"item": item})
    return redirect(_page_url(request))


@require_http_methods(["GET", "HEAD", "POST"])
def trash_empty(request: HttpRequest) -> HttpResponse:
    user = cast(User, request.user)
    if request.method != "POST":
        context = {
            "albums": Album.objects.trashed_by(user).count(),
            "sums": trash.sums_of(Image.objects.trashed_by(user)),
        }
        return render(request, "trash/confirm_empty.html", context)
    trash.empty(user)
    messages.success(request, gettext("The trash is empty."))
    return redirect("trash")
