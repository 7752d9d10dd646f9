"""The upload form."""

from typing import Any, cast
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext, ngettext
from django.views import View

from albums import services as albums
from images import services
from images.services import Received
from images.uploads.filenames import clean_name
from images.uploads.gate import TakesFiles
from imagestore.kit.problems import Problem

# What pickers and share sheets offer: pictures, and formats that browsers and phones do not count to these.
ACCEPTED_FILES = [
    *("image/*", "image/heic", "image/heif", "image/avif", ".heic", ".heif", ".avif", ".jxl"),
    *(".tif", ".tiff", ".bmp", ".dng", ".cr2", ".cr3", ".nef", ".arw", ".raf"),
]
# The page lists so many refused files by name, and only counts the rest.
MAX_LISTED_REFUSALS = 10


class Upload(TakesFiles, View):
    """The form for many files, for browsers without JavaScript."""

    max_files = settings.MAX_BULK_FILES

    def post(self, request: HttpRequest, album_id: UUID) -> HttpResponse:
        album = albums.find(request.user, album_id)
        files = cast(list[Any], request.FILES.getlist("files"))
        outcomes = services.receive_many(album, files)
        if not files:
            messages.error(request, gettext("Choose at least one picture first."))
        _say_received(request, [outcome for outcome in outcomes if isinstance(outcome, Received)])
        named = [(file.name, outcome) for file, outcome in zip(files, outcomes, strict=True)]
        _say_refused(request, [(name, outcome) for name, outcome in named if isinstance(outcome, Problem)])
        return redirect(album)


def _say_received(request: HttpRequest, outcomes: list[Received]) -> None:
    created = sum(outcome.created for outcome in outcomes)
    known = len(outcomes) - created
    if created:
        added = ngettext("%(count)s photo added.", "%(count)s photos added.", created)
        messages.success(request, added % {"count": created})
    if known:
        here = ngettext("%(count)s photo was here already.", "%(count)s photos were here already.", known)
        messages.info(request, here % {"count": known})


def _say_refused(request: HttpRequest, refusals: list[tuple[str, Problem]]) -> None:
    for name, problem in refusals[:MAX_LISTED_REFUSALS]:
        messages.error(request, f"{clean_name(name)}: {problem.detail}")
    if (more := len(refusals) - MAX_LISTED_REFUSALS) > 0:
        refused = ngettext("%(count)s more file was not taken.", "%(count)s more files were not taken.", more)
        messages.error(request, refused % {"count": more})
