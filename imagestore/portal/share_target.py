"""The page on which a phone's share sheet ends: for which album are the photos?"""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.decorators import method_decorator
from django.utils.translation import gettext
from django.views import View
from django.views.decorators.csrf import csrf_exempt

from albums.models import TITLE_LENGTH, Album
from images.uploads.gate import DropsBody
from imagestore.portal.lists import album_choices


@method_decorator(csrf_exempt, name="dispatch")
class ShareTarget(DropsBody, View):
    """The browser's service worker takes the photos (static/js/service-worker.js), so this view gets none.

    A POST comes only from a browser that has no service worker yet. Nothing of it is read or changed, and the page
    to which it leads says that the photos must be shared once more.
    """

    http_method_names = ("get", "head", "options", "post")

    def get(self, request: HttpRequest) -> HttpResponse:
        if "full" in request.GET:
            messages.error(request, gettext("This browser has no room for these photos. Share fewer at once."))
        context = {"choices": album_choices(Album.objects.owned_by(request.user)), "title_length": TITLE_LENGTH}
        return render(request, "photos/share.html", context)

    def post(self, request: HttpRequest) -> HttpResponse:
        return redirect("share")
