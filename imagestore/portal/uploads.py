"""The upload form."""

from typing import Any, cast
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views import View

from albums import services as albums
from images import services
from images.services import Received
from images.uploads.filenames import clean_name
from images.uploads.gate import TakesFiles
from imagestore.kit.problems import Problem

# How many refused files the page lists by name.
MAX_REFUSALS = 10


class Upload(TakesFiles, View):
    """The form for many files, for browsers without JavaScript."""

    max_files = settings.MAX_BULK_FILES

    def post(self, request: HttpRequest, album: UUID) -> HttpResponse:
        found = albums.find(request.user, album)
        files = cast(list[Any], request.FILES.getlist("files"))
        outcomes = services.receive_many(found, files)
        if not files:
            messages.error(request, "Choose at least one picture first.")
        _say_what_came(request, [outcome for outcome in outcomes if isinstance(outcome, Received)])
        refused = [(file.name, outcome) for file, outcome in zip(files, outcomes, strict=True)]
        _say_what_was_refused(request, [(name, why) for name, why in refused if isinstance(why, Problem)])
        return redirect(found)


def _say_what_came(request: HttpRequest, received: list[Received]) -> None:
    created = sum(one.created for one in received)
    known = len(received) - created
    if created:
        messages.success(request, "1 photo added." if created == 1 else f"{created} photos added.")
    if known:
        messages.info(request, "1 photo was here already." if known == 1 else f"{known} photos were here already.")


def _say_what_was_refused(request: HttpRequest, refused: list[tuple[str, Problem]]) -> None:
    for name, problem in refused[:MAX_REFUSALS]:
        messages.error(request, f"{clean_name(name)}: {problem.detail}")
    if len(refused) > MAX_REFUSALS:
        messages.error(request, f"{len(refused) - MAX_REFUSALS} more files were not taken.")
