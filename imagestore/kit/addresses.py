"""Addresses of the store: whole ones for mails, and paths of many rows. Any thread may ask.

Only threads that answer requests know the path of SITE_URL as Django's script prefix.
"""

from functools import lru_cache
from typing import Any
from uuid import UUID

from django.conf import settings
from django.urls import get_script_prefix, reverse

_ANY = UUID(int=0)


def address_of(route: str, *args: Any, **kwargs: Any) -> str:
    """Below SITE_URL, never at the Host header: whoever sends a request chooses that one."""
    return f"{settings.SITE_URL}/{_below_prefix(route, *args, **kwargs)}"


def path_of(route: str, public_id: UUID, *more: str) -> str:
    """As `reverse(route, args=[public_id, *more])`. There may be only a few different `more`.

    `reverse` costs more than the rest of a row in a list, so each route is asked for once.
    """
    before, after = _around(route, more)
    prefix = f"{settings.FORCE_SCRIPT_NAME}/" if settings.FORCE_SCRIPT_NAME else get_script_prefix()
    return f"{prefix}{before}{public_id}{after}"


@lru_cache(1024)
def _around(route: str, more: tuple[str, ...]) -> tuple[str, str]:
    before, _, after = _below_prefix(route, _ANY, *more).partition(str(_ANY))
    return before, after


def _below_prefix(route: str, *args: Any, **kwargs: Any) -> str:
    return reverse(route, args=args, kwargs=kwargs).removeprefix(get_script_prefix())
