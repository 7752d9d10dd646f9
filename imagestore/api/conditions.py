"""ETags of resources, `If-None-Match` and `If-Match` (RFC 9110, sections 8.8.3 and 13.1).

An ETag has two halves, `"<state>.<links>"`: the first changes with what a client can change or wait for, the second
with the addresses in the answer. Links of files are others in each window, which is news for a cache but no
change that a writer must know of. So `If-None-Match` compares both halves, `If-Match` the first.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from django.db import transaction
from django.db.models import Model
from django.utils.http import parse_etags
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.encoders import JSONEncoder

from accounts.models import User
from accounts.services import lock_owner
from imagestore.kit.problems import precondition_failed

_LINK = "url"


def with_etag(request: Request, shown: Mapping[str, Any]) -> Response:
    """The resource with its ETag; 304 when the client has it as it is. The browsable page has no ETag."""
    if not isinstance(request.accepted_renderer, JSONRenderer):
        return Response(shown)
    etag = etag_of(shown)
    headers = {"ETag": etag}
    if request.method in ("GET", "HEAD") and _is_known(request.headers.get("If-None-Match", ""), etag):
        return Response(status=304, headers=headers)
    return Response(shown, headers=headers)


def require_match(request: Request, shown: Mapping[str, Any] | None) -> None:
    """Raises Problem `precondition_failed` if the client wants to change another state than that which is shown.

    A resource that has no ETag (None) matches `*` alone.
    """
    wanted = request.headers.get("If-Match")
    if wanted is None or wanted.strip() == "*":
        return
    states = [_state(etag) for etag in parse_etags(wanted) if not etag.startswith("W/")]
    if shown is None or _state(etag_of(shown)) not in states:
        raise precondition_failed()


@contextmanager
def locked_if_conditional(request: Request, owner: User, row: Model) -> Iterator[None]:
    """With `If-Match`, lock the row, so that no other request changes it between comparison and change.

    Look the row up again inside. Deletions take no lock, because their batches are transactions of their own.
    """
    if "If-Match" not in request.headers:
        yield
        return
    with transaction.atomic():
        lock_owner(owner)
        row._meta.base_manager.select_for_update().filter(pk=row.pk).first()
        yield


def etag_of(shown: Mapping[str, Any]) -> str:
    links: list[str] = []
    state = _without_links(shown, links)
    return f'"{_hash(state)}.{_hash(links)}"'


def _is_known(if_none_match: str, etag: str) -> bool:
    known = [one.removeprefix("W/") for one in parse_etags(if_none_match)]
    return "*" in known or etag in known


def _state(etag: str) -> str:
    return etag.strip('"').partition(".")[0]


def _without_links(value: Any, links: list[str]) -> Any:
    if isinstance(value, Mapping):
        links += [str(inner) for key, inner in value.items() if key == _LINK]
        return {key: _without_links(inner, links) for key, inner in value.items() if key != _LINK}
    return value


def _hash(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, cls=JSONEncoder).encode()).hexdigest()[:32]
