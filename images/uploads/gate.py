"""The gate before the body: an upload is refused by its headers, or streams to staging.

A body in chunks has no length to refuse it by, so the gate sets the limit at which reading it fails.

It is middleware, because a view's own code runs too late: with a session, Django's CSRF check has
read the whole body by then. Views without `TakesFiles` get no files at all.
"""

import logging
from collections.abc import Callable
from operator import itemgetter
from typing import Any, ClassVar

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler, SkipFile
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from rest_framework.exceptions import APIException
from rest_framework.request import Request

from accounts.tokens import BearerAuthentication
from albums.models import Album
from images.uploads.reservations import OVERHEAD_BYTES, Reservation, body_limits, reservations
from images.uploads.staging import StagedFile, file_too_large
from imagestore.kit.body import TAKES_FILES, is_chunked, limit_chunked
from imagestore.kit.errors import answer, as_problem, is_api
from imagestore.kit.multipart import FormParser
from imagestore.kit.problems import Problem, not_found, storage_unavailable
from imagestore.kit.sentences import filled, grouped

logger = logging.getLogger(__name__)


class TakesFiles:
    """Mixin of views whose POST carries files."""

    max_files: ClassVar[int] = 1
    """How many files one request may carry, each up to MAX_UPLOAD_BYTES."""


class TakesBytes:
    """Mixin of views whose POST and PATCH may carry bytes of a resumable upload.

    Such a view reads the body itself, once it has refused what it can refuse by the headers. No other code reads a
    body of this type before, and one in chunks can be read only within the limit that the view sets.
    """


class DropsBody:
    """Mixin of views whose POST may carry a body of any length, which no code reads: the worker drops it.

    Exempt such a view from the CSRF check, which would read it.
    """


# tus 1.0, "PATCH".
BYTES_TYPE = "application/offset+octet-stream"


class UploadGate:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        handler = StagingHandler(request)
        request.upload_handlers = [handler]
        try:
            return self.get_response(request)
        finally:
            handler.close()

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> HttpResponse | None:
        view_class: Any = getattr(view, "cls", None) or getattr(view, "view_class", object)
        takes_files = request.method == "POST" and issubclass(view_class, TakesFiles)
        handler: Any = request.upload_handlers[0]
        try:
            if takes_files:
                handler.reservation = self._admit(request, _album_id(kwargs), view_class.max_files)
                request.META[TAKES_FILES] = True
            elif request.method in ("POST", "PATCH") and issubclass(view_class, TakesBytes):
                _require_bytes(request)
                request.META[TAKES_FILES] = True
            elif not issubclass(view_class, DropsBody):
                is_long = getattr(view_class, "takes_long_text", False)
                _limit_text(request, settings.DATA_UPLOAD_MAX_MEMORY_SIZE if is_long else settings.MAX_TEXT_BYTES)
        except Problem as problem:
            if problem.status == 401 and not is_api(request):
                return redirect_to_login(reverse("album-detail", args=[_album_id(kwargs)]))
            return answer(request, problem)
        return None

    def _admit(self, request: HttpRequest, album: Any, max_files: int) -> Reservation:
        user = _sender(request)
        if not user.is_authenticated:
            raise Problem("not_authenticated", _("Sign in, or send an access token."))
        if not Album.objects.owned_by(user).filter(public_id=album).exists():
            raise not_found()
        limit = max_files * settings.MAX_UPLOAD_BYTES + OVERHEAD_BYTES
        if is_chunked(request.META):
            limits = [(limit, file_too_large()), *body_limits(user)]
            limit_chunked(request.META, *min(limits, key=itemgetter(0)))
            return reservations.reserve_as_it_comes(user)
        length = content_length(request)
        if length > limit:
            raise file_too_large()
        return reservations.reserve(user, length)


def _album_id(kwargs: dict[str, Any]) -> Any:
    """The album in the path: the portal's routes call it `album_id`, the API's `album`."""
    return kwargs["album_id"] if "album_id" in kwargs else kwargs["album"]


def _require_bytes(request: HttpRequest) -> None:
    """Refuse a form: Django's CSRF check would read it."""
    if (is_chunked(request.META) or content_length(request)) and request.content_type != BYTES_TYPE:
        raise Problem("unsupported_media_type", f"Send bytes as {BYTES_TYPE}. Nothing was stored.")


def _limit_text(request: HttpRequest, limit: int) -> None:
    sentence = _("A request without files may have at most %(number)s bytes. Nothing was changed.")
    detail = filled(sentence, number=grouped(limit))
    problem = Problem("file_too_large", detail, limit=limit)
    if is_chunked(request.META):
        limit_chunked(request.META, limit, problem)
    elif content_length(request) > limit:
        raise problem


def _sender(request: HttpRequest) -> Any:
    """The user of the token or of the session. The view's own authentication checks CSRF later."""
    if not is_api(request):
        return request.user
    try:
        by_token = BearerAuthentication().authenticate(Request(request))
    except APIException as error:
        raise as_problem(error) or not_found() from None
    return by_token[0] if by_token else request.user


def content_length(request: HttpRequest) -> int:
    text = request.META.get("CONTENT_LENGTH") or "0"
    return int(text) if text.isdecimal() else 0


class StagingHandler(FileUploadHandler):
    """Streams each file of a request to staging, never into memory. Without a reservation it takes no files."""

    chunk_size = 256 * 1024

    def __init__(self, request: HttpRequest) -> None:
        super().__init__(request)
        self.reservation: Reservation | None = None
        self._received: list[StagedFile] = []
        self._is_parsing = False

    def handle_raw_input(
        self, input_data: Any, meta: Any, content_length: int, boundary: Any, encoding: str | None = None
    ) -> Any:
        """Let FormParser read the form, which asks here again; then None lets it go on."""
        if self._is_parsing:
            return None
        self._is_parsing = True
        return FormParser(meta, input_data, [self], encoding).parse()

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        if self.reservation is None:
            raise SkipFile
        try:
            self._received.append(StagedFile(self.file_name or "", self.reservation))
        except OSError as error:
            logger.warning("no file can be made in staging: %s", error)
            raise storage_unavailable(error) from None

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        self._received[-1].append(raw_data)

    def file_complete(self, file_size: int) -> UploadedFile:
        self._received[-1].finish()
        return self._received[-1]

    def close(self) -> None:
        """Call when the request is over: a received image is in the storage by now, so staging is removed."""
        if self.reservation:
            reservations.release(self.reservation)
        for staged in self._received:
            staged.close()
