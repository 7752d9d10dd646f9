"""The portal as an app that devices install: its manifest, its service worker, its page without a connection."""

import hashlib
import json
import re
from functools import cache
from typing import NamedTuple

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.urls import reverse
from django.utils.translation import get_language, gettext
from django.views.decorators.http import require_safe

from imagestore.kit.static import with_imports
from imagestore.portal.uploads import ACCEPTED_FILES

# The ground on which a phone shows the app while it starts: the photographs are the colour.
GROUND = "#131313"
OFFLINE_PAGE = "offline.html"
# An open page loads these only when photos are picked, and then they wait for the connection.
UPLOAD_MODULES = ["js/uploads.js", "js/sha256-worker.js", "js/share-store.js"]
_LINKED = re.compile(r'(?:href|src)="([^"]+)"')


@login_not_required
@require_safe
def manifest(request: HttpRequest) -> JsonResponse:
    """The web app manifest (W3C, "Web Application Manifest" and "Web Share Target")."""
    content = {
        "id": reverse("landing"),
        "name": "Image store",
        "short_name": gettext("Images"),
        "description": gettext("Your photographs, kept whole, on a server that is yours."),
        "lang": get_language(),
        "start_url": reverse("landing"),
        "scope": reverse("landing"),
        "display": "standalone",
        "background_color": GROUND,
        "theme_color": GROUND,
        "icons": _icons(),
        "shortcuts": [
            {"name": gettext("Photos"), "url": reverse("photos")},
            {"name": gettext("Albums"), "url": reverse("album-list")},
            {"name": gettext("New album"), "url": reverse("album-create")},
        ],
        "share_target": {
            "action": reverse("share"),
            "method": "POST",
            "enctype": "multipart/form-data",
            "params": {"files": [{"name": "photos", "accept": ACCEPTED_FILES}]},
        },
    }
    return JsonResponse(content, content_type="application/manifest+json")


def _icons() -> list[dict[str, str]]:
    mark = {"src": static("icons/mark.svg"), "type": "image/svg+xml", "sizes": "any"}
    pictures = [("mark-192", 192, "any"), ("mark-512", 512, "any"), ("mark-maskable-512", 512, "maskable")]
    return [mark] + [
        {
            "src": static(f"icons/{name}.png"),
            "type": "image/png",
            "sizes": f"{side}x{side}",
            "purpose": purpose,
        }
        for name, side, purpose in pictures
    ]


@login_not_required
@require_safe
def offline(request: HttpRequest) -> HttpResponse:
    """The page that the service worker stores, and shows when the store cannot be reached."""
    return render(request, OFFLINE_PAGE)


class Shell(NamedTuple):
    """What the service worker stores: the page without a connection, and static files that are needed then."""

    version: str
    files: list[str]


@login_not_required
@require_safe
def service_worker(request: HttpRequest) -> HttpResponse:
    """A script beside the first page, so that it may serve all. It changes whenever what it stores changes."""
    shell = _shell(get_language() or "")
    given = {**shell._asdict(), "offline": reverse("offline"), "share": reverse("share")}
    script = f'import {{ serve }} from "{static("js/service-worker.js")}";\n\nserve({json.dumps(given)});\n'
    return HttpResponse(script, content_type="text/javascript; charset=utf-8")


@cache
def _shell(language: str) -> Shell:
    """In the language that is active. The names of static files hold their hash, so they change with the files."""
    page = render_to_string(OFFLINE_PAGE)
    linked = {path for path in _LINKED.findall(page) if path.startswith(settings.STATIC_URL)}
    files = sorted(linked | _late_modules())
    version = hashlib.sha256(" ".join([language, page, *files]).encode()).hexdigest()[:12]
    return Shell(version, files)


def _late_modules() -> set[str]:
    """Those of UPLOAD_MODULES, and of their imports, that an open page has not loaded with its other scripts."""
    return {static(name) for name in set(with_imports(UPLOAD_MODULES)) - set(with_imports(["js/site.js"]))}
