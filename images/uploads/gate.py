"""The gate before the body: an upload is refused by its headers, or streams to staging.

It is middleware, because a view's own code runs too late: with a session, Django's CSRF check has
read the whole body by then. Views without `TakesFiles` get no files at all.
"""

from collections.abc import Callable
from typing import Any, ClassVar

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler, SkipFile
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from rest_framework.exceptions import APIException
from rest_framework.request import Request

from accounts.tokens import BearerAuthentication
from albums.models import Album
from images.uploads.staging import StagedFile, file_too_large
from imagestore.kit.errors import answer, as_problem, is_api
from imagestore.kit.problems import Problem, not_found, storage_unavailable

# Allowed beside the files in a multipart body: boundaries, headers, captions.
OVERHEAD_BYTES = 1024 * 1024


class TakesFiles:
    """Mixin of views whose POST carries files."""

    max_files: ClassVar[int] = 1
    """How many files one request may carry, each up to MAX_UPLOAD_BYTES."""


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
        try:
            if takes_files:
                self._admit(request, _album_id(kwargs), view_class.max_files)
            else:
                _refuse_long_text(request)
        except Problem as problem:
            if problem.status == 401 and not is_api(request):
                return redirect_to_login(reverse("album-detail", args=[_album_id(kwargs)]))
            return answer(request, problem)
        request.upload_handlers[0].takes_files = takes_files  # type: ignore[attr-defined]
        return None

    def _admit(self, request: HttpRequest, album: Any, max_files: int) -> None:
        user = _sender(request)
        if not user.is_authenticated:
            raise Problem("not_authenticated", "Sign in, or send an access token.")
        if not Album.objects.owned_by(user).filter(public_id=album).exists():
            raise not_found()
        if _content_length(request) > max_files * settings.MAX_UPLOAD_BYTES + OVERHEAD_BYTES:
            raise file_too_large()


def _album_id(kwargs: dict[str, Any]) -> Any:
    """The album in the path: the portal's routes call it `album_id`, the API's `album`."""
    return kwargs["album_id"] if "album_id" in kwargs else kwargs["album"]


def _refuse_long_text(request: HttpRequest) -> None:
    limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    if _content_length(request) > limit:
        detail = f"A request without files may have at most {limit:,} bytes. Nothing was changed."
        raise Problem("file_too_large", detail, limit=limit)


def _sender(request: HttpRequest) -> Any:
    """The user of the token or of the session. The view's own authentication checks CSRF later."""
    if not is_api(request):
        return request.user
    try:
        by_token = BearerAuthentication().authenticate(Request(request))
    except APIException as error:
        raise as_problem(error) or not_found() from None
    return by_token[0] if by_token else request.user


def _content_length(request: HttpRequest) -> int:
    text = request.META.get("CONTENT_LENGTH") or "0"
    return int(text) if text.isdecimal() else 0


class StagingHandler(FileUploadHandler):
    """Streams each file of a request to staging, never into memory."""

    chunk_size = 256 * 1024

    def __init__(self, request: HttpRequest) -> None:
        super().__init__(request)
        self.takes_files = False
        self._received: list[StagedFile] = []

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        if not self.takes_files:
            raise SkipFile
        try:
            self._received.append(StagedFile(self.file_name or ""))
        except OSError:
            raise storage_unavailable() from None

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        self._received[-1].append(raw_data)

    def file_complete(self, file_size: int) -> UploadedFile:
        self._received[-1].finish()
        return self._received[-1]

    def close(self) -> None:
        """Call when the request is over: a received image is in the storage by now, so staging is removed."""
        for staged in self._received:
            staged.close()
