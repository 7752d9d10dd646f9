"""What the form of selected photos does. static/js/selection.js does the same and more through the API."""

from collections.abc import Callable, Sequence
from typing import Any, cast
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_http_methods

from accounts.models import User
from albums import services as albums
from albums.models import TITLE_LENGTH, Album
from images import services
from images.deletion.trash import restore_images
from images.models import Image
from imagestore.kit.params import choice
from imagestore.kit.problems import Problem, invalid, not_found
from imagestore.portal.forms.albums import AlbumForm
from imagestore.portal.lists import album_choices

# One form names so many photos at most: a page shows no more tiles.
MAX_FORM_IDS = 200


@require_http_methods(["GET", "HEAD", "POST"])
def photos_selected(request: HttpRequest) -> HttpResponse:
    """POST does `action` with the photos in `ids`, and leads back to `next`.

    Some actions need an answer first: GET shows their form, as does a POST without the answer.
    """
    if request.method != "POST":
        action = choice(request.GET, "action", QUESTIONS) or "move"
        return _ask(request, action, [])
    action = choice(request.POST, "action", ACTIONS)
    if not action:
        raise invalid("action", f"action is one of: {', '.join(ACTIONS)}.")
    ids = _ids(request)
    if not ids:
        messages.warning(request, "Select photos first.")
    elif action in QUESTIONS and not _is_answered(request):
        return _ask(request, action, ids)
    else:
        ACTIONS[action](request, ids)
    return redirect(_next_url(request))


def _ids(request: HttpRequest) -> list[UUID]:
    """Those in `ids`, each in a field of its own or several with commas between them."""
    texts = [text for field in request.POST.getlist("ids") for text in field.split(",") if text]
    if len(texts) > MAX_FORM_IDS:
        raise invalid("ids", f"Select at most {MAX_FORM_IDS} photos.")
    try:
        return [UUID(text) for text in texts]
    except ValueError:
        raise not_found() from None


def _next_url(request: HttpRequest) -> str:
    url = request.POST.get("next", "")
    allowed = url_has_allowed_host_and_scheme(url, {request.get_host()}, require_https=request.is_secure())
    return url if allowed else reverse("photos")


# ---- Questions ------------------------------------------------------------------------------


def _is_answered(request: HttpRequest) -> bool:
    return any(request.POST.get(name, "").strip() for name in ("album", "title", "permanent"))


def _ask(request: HttpRequest, action: str, ids: Sequence[UUID]) -> HttpResponse:
    context = {
        "action": action,
        "ids": ids,
        "next": _next_url(request),
        "choices": album_choices(request.user),
        "title_length": TITLE_LENGTH,
    }
    return render(request, f"photos/selected_{action}.html", context)


# ---- Actions --------------------------------------------------------------------------------


def _trash(request: HttpRequest, ids: list[UUID]) -> None:
    user = cast(User, request.user)
    count = services.delete_images(user, _living(request, ids))
    if settings.TRASH_DAYS:
        _say_with_undo(request, f"{_photos(count)} in the trash.", ids, action="restore")
    else:
        messages.success(request, f"{_photos(count)} deleted.")


def _delete(request: HttpRequest, ids: list[UUID]) -> None:
    count = services.delete_images(cast(User, request.user), _living(request, ids), permanent=True)
    messages.success(request, f"{_photos(count)} deleted.")


def _restore(request: HttpRequest, ids: list[UUID]) -> None:
    user = cast(User, request.user)
    count = restore_images(user, Image.objects.trashed_by(user).filter(public_id__in=ids))
    messages.success(request, f"{_photos(count)} back.")


def _favourite(request: HttpRequest, ids: list[UUID]) -> None:
    count, refused = _each(request, ids, lambda image: services.change(image, favourite=True))
    _say(request, f"{_photos(count)} among your favourites.", refused)


def _unfavourite(request: HttpRequest, ids: list[UUID]) -> None:
    count, refused = _each(request, ids, lambda image: services.change(image, favourite=False))
    _say(request, f"{_photos(count)} no favourite any more.", refused)


def _move(request: HttpRequest, ids: list[UUID]) -> None:
    album = _target(request)
    sources = set(_living(request, ids).values_list("album__public_id", flat=True))
    count, refused = _each(request, ids, lambda image: services.move(image, album))
    said = f"{_photos(count)} in “{album.title}” now."
    if len(sources) == 1 and not refused:
        _say_with_undo(request, said, ids, action="move", album=sources.pop())
    else:
        _say(request, said, refused)


def _target(request: HttpRequest) -> Album:
    """The album that was chosen, or a new one of the title that was typed."""
    user = cast(User, request.user)
    if request.POST.get("title", "").strip():
        form = AlbumForm({"title": request.POST["title"]})
        if not form.is_valid():
            raise invalid("title", *form.errors["title"])
        return albums.create(user, **form.cleaned_data)
    try:
        return albums.find(user, UUID(request.POST["album"]))
    except (KeyError, ValueError):
        raise not_found() from None


def _living(request: HttpRequest, ids: list[UUID]) -> Any:
    """Raises Problem `not_found` when none of them is the user's."""
    images = Image.objects.owned_by(request.user).filter(public_id__in=ids)
    if not images.exists():
        raise not_found()
    return images


def _each(request: HttpRequest, ids: list[UUID], act: Callable[[Image], None]) -> tuple[int, list[Problem]]:
    """How many images it was done to, and why not to the others."""
    count, refused = 0, []
    for image in _living(request, ids).select_related("album", "owner"):
        try:
            act(image)
            count += 1
        except Problem as problem:
            refused.append(problem)
    return count, refused


ACTIONS: dict[str, Callable[[HttpRequest, list[UUID]], None]] = {
    "trash": _trash,
    "delete": _delete,
    "restore": _restore,
    "favourite": _favourite,
    "unfavourite": _unfavourite,
    "move": _move,
}
# Actions that need an answer: to which album, by how much, or whether one is sure.
QUESTIONS = ("move", "delete", "copy", "shift_taken_at")


# ---- What is said afterwards ----------------------------------------------------------------


def _photos(count: int) -> str:
    return f"{count:,} photo is" if count == 1 else f"{count:,} photos are"


def _say(request: HttpRequest, done: str, refused: list[Problem]) -> None:
    if refused:
        reasons = " ".join(sorted({problem.detail for problem in refused}))
        messages.warning(request, f"{done} It was not done to {len(refused):,}: {reasons}")
    else:
        messages.success(request, done)


def _say_with_undo(request: HttpRequest, done: str, ids: list[UUID], **undo: Any) -> None:
    context = {"done": done, "ids": ids, "undo": undo, "next": _next_url(request)}
    messages.success(request, render_to_string("photos/_undo.html", context, request))
