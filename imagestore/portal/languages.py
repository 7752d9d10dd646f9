"""The texts of scripts in a language that is not English, as a script that the page loads before its modules."""

import hashlib
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponseBase
from django.utils import translation
from django.views.decorators.http import require_safe
from django.views.i18n import JavaScriptCatalog

from imagestore.kit.languages import languages_of

# A new catalog has a new address.
FOR_EVER = "public, max-age=31536000, immutable"


@cache
def version_of(language: str) -> str:
    """Changes with the texts; empty for English, and for a language whose scripts are not translated."""
    path = Path(settings.LOCALE_PATHS[0], translation.to_locale(language), "LC_MESSAGES", "djangojs.mo")
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12] if path.exists() else ""


class Catalog(JavaScriptCatalog):
    """Django's view, with our texts alone: those of Django's admin stay out."""

    def get_paths(self, packages: Iterable[str]) -> list[str]:
        return [str(path) for path in settings.LOCALE_PATHS]


@login_not_required
@require_safe
def catalog(request: HttpRequest, language: str, version: str) -> HttpResponseBase:
    """Another version than ours is not there: a cache would store its texts for ever."""
    if language not in dict(languages_of(settings.LOCALE_PATHS[0])) or version != version_of(language):
        raise Http404
    with translation.override(language):
        response = Catalog.as_view(packages=["ours"])(request)
    response.headers["Cache-Control"] = FOR_EVER
    return response
