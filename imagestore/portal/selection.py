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
from django.utils.translation import gettext, ngettext_lazy
from django.views.decorators.http import require_http_methods

from accounts.models import User
from albums import services as albums
from albums.models import TITLE_LENGTH, Album, AlbumQuerySet
from images import batch, ordering
from images.models import Image
from imagestore.kit.params import choice
from imagestore.kit.problems import Problem, invalid, not_found
from imagestore.kit.sentences import grouped
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
        messages.warning(request, gettext("Select photos first."))
    elif action in QUESTIONS and not _is_answered(request):
        return _ask(request, action, ids)
    else:
        ACTIONS[action](request, ids)
    return redirect(_next_url(request))


def _ids(request: HttpRequest) -> list[UUID]:
    """Those in `ids`, each in a field of its own or several with commas between them."""
    texts = [text for field in request.POST.getlist("ids") for text in field.split(",") if text]
    if len(texts) > MAX_FORM_IDS:
        raise invalid("ids", gettext("Select at most %(count)s photos.") % {"count": MAX_FORM_IDS})
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
        "choices": album_choices(_choices(request)),
        "title_length": TITLE_LENGTH,
    }
    return render(request, f"photos/selected_{action}.html", context)


def _choices(request: HttpRequest) -> AlbumQuerySet:
    """All albums, without the one that `without` names: there the photos are already."""
    asked = request.POST if request.method == "POST" else request.GET
    albums: AlbumQuerySet = Album.objects.owned_by(request.user)
    if not asked.get("without"):
        return albums
    try:
        return albums.exclude(public_id=UUID(asked["without"]))
    except ValueError:
        raise not_found() from None


# ---- Actions --------------------------------------------------------------------------------


# What is said afterwards, of one photo and of several. "count" says which it is.
IN_TRASH = ngettext_lazy("%(number)s photo is in the trash.", "%(number)s photos are in the trash.", "count")
DELETED = ngettext_lazy("%(number)s photo is deleted.", "%(number)s photos are deleted.", "count")
ROTATED = ngettext_lazy("%(number)s photo is rotated.", "%(number)s photos are rotated.", "count")


def _trash(request: HttpRequest, ids: list[UUID]) -> None:
    outcomes = batch.trash(_owner(request), ids)
    if settings.TRASH_DAYS:
        _report_with_undo(request, outcomes, IN_TRASH, ids, undo={"action": "restore"})
    else:
        _report(request, outcomes, DELETED)


def _delete(request: HttpRequest, ids: list[UUID]) -> None:
    _report(request, batch.delete(_owner(request), ids), DELETED)


def _restore(request: HttpRequest, ids: list[UUID]) -> None:
    said = ngettext_lazy("%(number)s photo is back.", "%(number)s photos are back.", "count")
    _report(request, batch.restore(_owner(request), ids), said)


def _favourite(request: HttpRequest, ids: list[UUID]) -> None:
    said = ngettext_lazy(
        "%(number)s photo is among your favourites.", "%(number)s photos are among your favourites.", "count"
    )
    _report(request, batch.favourite(_owner(request), ids, True), said)


def _unfavourite(request: HttpRequest, ids: list[UUID]) -> None:
    said = ngettext_lazy(
        "%(number)s photo is no favourite any more.", "%(number)s photos are no favourite any more.", "count"
    )
    _report(request, batch.favourite(_owner(request), ids, False), said)


def _rotate_left(request: HttpRequest, ids: list[UUID]) -> None:
    _report(request, batch.rotate(_owner(request), ids, 270), ROTATED)


def _rotate_right(request: HttpRequest, ids: list[UUID]) -> None:
    _report(request, batch.rotate(_owner(request), ids, 90), ROTATED)


def _shift_taken_at(request: HttpRequest, ids: list[UUID]) -> None:
    form = ShiftForm(request.POST)
    if not form.is_valid():
        name, errors = next(iter(form.errors.items()))
        raise invalid(name, *errors)
    said = ngettext_lazy("%(number)s photo is corrected.", "%(number)s photos are corrected.", "count")
    _report(request, batch.shift_taken_at(_owner(request), ids, form.seconds), said)


def _move(request: HttpRequest, ids: list[UUID]) -> None:
    album = _target(request)
    owned = Image.objects.owned_by(request.user).filter(public_id__in=ids)
    sources = set(owned.values_list("album__public_id", flat=True))
    outcomes = batch.move(_owner(request), ids, album)
    said = ngettext_lazy(
        "%(number)s photo is in “%(album)s” now.", "%(number)s photos are in “%(album)s” now.", "count"
    )
    if len(sources) == 1:
        undo = {"action": "move", "album": sources.pop()}
        _report_with_undo(request, outcomes, said, ids, undo=undo, album=album.title)
    else:
        _report(request, outcomes, said, album=album.title)


def _copy(request: HttpRequest, ids: list[UUID]) -> None:
    album = _target(request)
    said = ngettext_lazy(
        "%(number)s photo is in “%(album)s”, too.", "%(number)s photos are in “%(album)s”, too.", "count"
    )
    outcomes = batch.copy(_owner(request), ids, album)
    done = [outcome for outcome in outcomes if isinstance(outcome, batch.Done)]
    # Of bytes that the album had already there was no copy, so they stay.
    copies = [each.image.public_id for each in done if each.image and each.created]
    if copies:
        undo = {"action": "delete", "permanent": "true"}
        _report_with_undo(request, outcomes, said, copies, undo=undo, album=album.title)
    else:
        _report(request, outcomes, said, album=album.title)


def _put_first(request: HttpRequest, ids: list[UUID]) -> None:
    album = _album_of(request, ids)
    others = Image.objects.in_album(album).exclude(public_id__in=ids)
    first = others.order_by("position", "public_id").first()
    if first:
        ordering.place(album, ids, before=first.public_id)
    messages.success(request, gettext("The photos are at the beginning."))


def _put_last(request: HttpRequest, ids: list[UUID]) -> None:
    ordering.place(_album_of(request, ids), ids)
    messages.success(request, gettext("The photos are at the end."))


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


def _report(request: HttpRequest, outcomes: Sequence[batch.Outcome], said: Any, **values: str) -> None:
    """`said` has a form for one photo and one for several."""
    count, refused = _counts(outcomes)
    done = said % {"count": count, "number": grouped(count), **values}
    if refused:
        reasons = " ".join(sorted({problem.detail for problem in refused}))
        but = gettext("It was not done to %(number)s: %(reasons)s")
        messages.warning(request, f"{done} {but % {'number': grouped(len(refused)), 'reasons': reasons}}")
    else:
        messages.success(request, done)


def _report_with_undo(
    request: HttpRequest,
    outcomes: Sequence[batch.Outcome],
    said: Any,
    ids: list[UUID],
    *,
    undo: dict[str, Any],
    **values: str,
) -> None:
    """With a button that does `undo`, unless some were refused."""
    count, refused = _counts(outcomes)
    if refused:
        _report(request, outcomes, said, **values)
    else:
        done = said % {"count": count, "number": grouped(count), **values}
        context = {"done": done, "ids": ids, "undo": undo, "next": _next_url(request)}
        messages.success(request, render_to_string("photos/_undo.html", context, request))


def _counts(outcomes: Sequence[batch.Outcome]) -> tuple[int, list[Problem]]:
    """To how many it was done, and why not to the others. Raises Problem `not_found` if none is the user's."""
    refused = [outcome for outcome in outcomes if isinstance(outcome, Problem)]
    if all(problem.code == "not_found" for problem in refused) and len(refused) == len(outcomes):
        raise not_found()
    return len(outcomes) - len(refused), refused
