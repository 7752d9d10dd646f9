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
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.models import User
from albums import services as albums
from albums.models import TITLE_LENGTH, Album
from images import batch, ordering
from images.models import Image
from imagestore.kit.params import choice
from imagestore.kit.problems import Problem, invalid, not_found
from imagestore.portal.forms.albums import AlbumForm
from imagestore.portal.forms.images import ShiftForm
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
    return any(request.POST.get(name, "").strip() for name in ("album", "title", "permanent", "sign"))


def _ask(request: HttpRequest, action: str, ids: Sequence[UUID]) -> HttpResponse:
    context = {
        "action": action,
        "ids": ids,
        "next": _next_url(request),
        "choices": album_choices(Album.objects.owned_by(request.user)),
        "title_length": TITLE_LENGTH,
    }
    return render(request, f"photos/selected_{action}.html", context)


# ---- Actions --------------------------------------------------------------------------------


def _trash(request: HttpRequest, ids: list[UUID]) -> None:
    count, refused = _counts(batch.trash(_owner(request), ids))
    if settings.TRASH_DAYS and not refused:
        _say_with_undo(request, f"{_are(count)} in the trash.", ids, action="restore")
    else:
        _say(request, f"{_are(count)} {'in the trash' if settings.TRASH_DAYS else 'deleted'}.", refused)


def _delete(request: HttpRequest, ids: list[UUID]) -> None:
    _report(request, batch.delete(_owner(request), ids), "deleted")


def _restore(request: HttpRequest, ids: list[UUID]) -> None:
    _report(request, batch.restore(_owner(request), ids), "back")


def _favourite(request: HttpRequest, ids: list[UUID]) -> None:
    _report(request, batch.favourite(_owner(request), ids, True), "among your favourites")


def _unfavourite(request: HttpRequest, ids: list[UUID]) -> None:
    _report(request, batch.favourite(_owner(request), ids, False), "no favourite any more")


def _rotate_left(request: HttpRequest, ids: list[UUID]) -> None:
    _report(request, batch.rotate(_owner(request), ids, 270), "rotated")


def _rotate_right(request: HttpRequest, ids: list[UUID]) -> None:
    _report(request, batch.rotate(_owner(request), ids, 90), "rotated")


def _shift_taken_at(request: HttpRequest, ids: list[UUID]) -> None:
    form = ShiftForm(request.POST)
    if not form.is_valid():
        name, errors = next(iter(form.errors.items()))
        raise invalid(name, *errors)
    _report(request, batch.shift_taken_at(_owner(request), ids, form.seconds), "corrected")


def _move(request: HttpRequest, ids: list[UUID]) -> None:
    album = _target(request)
    owned = Image.objects.owned_by(request.user).filter(public_id__in=ids)
    sources = set(owned.values_list("album__public_id", flat=True))
    count, refused = _counts(batch.move(_owner(request), ids, album))
    said = f"{_are(count)} in “{album.title}” now."
    if len(sources) == 1 and not refused:
        _say_with_undo(request, said, ids, action="move", album=sources.pop())
    else:
        _say(request, said, refused)


def _copy(request: HttpRequest, ids: list[UUID]) -> None:
    album = _target(request)
    _report(request, batch.copy(_owner(request), ids, album), f"in “{album.title}”, too")


def _put_first(request: HttpRequest, ids: list[UUID]) -> None:
    album = _album_of(request, ids)
    others = Image.objects.in_album(album).exclude(public_id__in=ids)
    first = others.order_by("position", "public_id").first()
    if first:
        ordering.place(album, ids, before=first.public_id)
    _say(request, _("The photos are at the beginning."), [])


def _put_last(request: HttpRequest, ids: list[UUID]) -> None:
    ordering.place(_album_of(request, ids), ids)
    _say(request, _("The photos are at the end."), [])


def _album_of(request: HttpRequest, ids: list[UUID]) -> Album:
    """The album of these photos. Raises Problem `not_found` if one is not the user's, or of another album."""
    owned = Image.objects.owned_by(request.user).filter(public_id__in=ids)
    albums_of_images = Album.objects.filter(pk__in=owned.values("album"))
    if owned.count() < len(set(ids)) or albums_of_images.count() != 1:
        raise not_found()
    return albums_of_images.get()


def _target(request: HttpRequest) -> Album:
    """The album that was chosen, or a new one of the title that was typed."""
    user = _owner(request)
    if request.POST.get("title", "").strip():
        form = AlbumForm({"title": request.POST["title"]})
        if not form.is_valid():
            raise invalid("title", *form.errors["title"])
        return albums.create(user, **form.cleaned_data)
    try:
        return albums.find(user, UUID(request.POST["album"]))
    except (KeyError, ValueError):
        raise not_found() from None


def _owner(request: HttpRequest) -> User:
    return cast(User, request.user)


ACTIONS: dict[str, Callable[[HttpRequest, list[UUID]], None]] = {
    "trash": _trash,
    "delete": _delete,
    "restore": _restore,
    "favourite": _favourite,
    "unfavourite": _unfavourite,
    "rotate-left": _rotate_left,
    "rotate-right": _rotate_right,
    "move": _move,
    "copy": _copy,
    "shift_taken_at": _shift_taken_at,
    "put-first": _put_first,
    "put-last": _put_last,
}
# Actions that need an answer: to which album, by how much, or whether one is sure.
QUESTIONS = ("move", "delete", "copy", "shift_taken_at")


# ---- What is said afterwards ----------------------------------------------------------------


def _report(request: HttpRequest, outcomes: Sequence[batch.Outcome], said: str) -> None:
    count, refused = _counts(outcomes)
    _say(request, f"{_are(count)} {said}.", refused)


def _counts(outcomes: Sequence[batch.Outcome]) -> tuple[int, list[Problem]]:
    """To how many it was done, and why not to the others. Raises Problem `not_found` if none is the user's."""
    refused = [outcome for outcome in outcomes if isinstance(outcome, Problem)]
    if all(problem.code == "not_found" for problem in refused) and len(refused) == len(outcomes):
        raise not_found()
    return len(outcomes) - len(refused), refused


def _are(count: int) -> str:
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
