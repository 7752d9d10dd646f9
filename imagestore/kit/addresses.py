"""Paths of many rows: `reverse` costs more than the rest of a row in a list, so each route is asked for once."""

from functools import lru_cache
from uuid import UUID

from django.urls import get_script_prefix, reverse

_ANY = UUID(int=0)


def path_of(route: str, public_id: UUID, *more: str) -> str:
    """As `reverse(route, args=[public_id, *more])`. There may be only a few different `more`."""
    before, after = _around(route, more, get_script_prefix())
    return f"{before}{public_id}{after}"


@lru_cache(1024)
def _around(route: str, more: tuple[str, ...], _script_prefix: str) -> tuple[str, str]:
    before, _, after = reverse(route, args=[_ANY, *more]).partition(str(_ANY))
    return before, after
