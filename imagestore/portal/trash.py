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
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.models import User
from albums.models import Album
from images.deletion import trash
from images.models import Image


@require_GET
def trash_list(request: HttpRequest) -> HttpResponse:
    page = trash.LIST.read(request.GET).page(trash.contents(request.user))
    if request.GET.get("cursor") and not page.items:
        # Its last one has gone.
        return redirect("trash")
    context = {
        "entries": trash.entries(page.items),
        "page": page,
        "trash_days": settings.TRASH_DAYS,
    }
    return render(request, "trash/list.html", context)


def _trash_page(request: HttpRequest) -> str:
    """Which page of the trash one is on, for the links that lead from it and back."""
    asked = {name: value for name, value in request.GET.items() if name in ("cursor", "ordering", "page_size")}
    return f"?{urlencode(asked)}" if asked else ""


@require_POST
def trash_restore(request: HttpRequest, thing: UUID) -> HttpResponse:
    found = trash.find(request.user, thing)
    trash.restore(found)
    if "stay" not in request.POST:
        messages.success(request, f"“{found}” is back.")
        return redirect(found)
    messages.success(request, format_html('“<a href="{}">{}</a>” is back.', found.get_absolute_url(), found))
    return redirect(reverse("trash") + _trash_page(request))


@require_http_methods(["GET", "POST"])
def trash_delete(request: HttpRequest, thing: UUID) -> HttpResponse:
    found = trash.find(request.user, thing)
    if request.method == "GET":
        context = {
            "thing": found,
            "weight": trash.sums_of(trash.images_of(found)),
        }
        return render(request, "trash/confirm_delete.html", context)
    trash.delete(found)
    messages.success(request, f"“{found}” is deleted.")
    return redirect(reverse("trash") + _trash_page(request))


@require_http_methods(["GET", "POST"])
def trash_empty(request: HttpRequest) -> HttpResponse:
    user = cast(User, request.user)
    if request.method == "GET":
        context = {
            "albums": Album.objects.trashed_by(user).count(),
            "weight": trash.sums_of(Image.objects.trashed_by(user)),
        }
        return render(request, "trash/confirm_empty.html", context)
    trash.empty(user)
    messages.success(request, "The trash is empty.")
    return redirect("trash")
