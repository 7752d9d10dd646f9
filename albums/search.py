"""Finds albums by the words of title and description."""

from collections.abc import Sequence
from typing import Any

from django.db.models import OuterRef, Q

from accounts.models import User
from albums.models import AlbumQuerySet, AlbumWord
from imagestore.kit.search import Way, beginning, narrow, there_is
from imagestore.kit.words import FIELD_POSITIONS, Term


def matching(albums: AlbumQuerySet, terms: Sequence[Term]) -> Any:
    """Those of one owner's albums that have all terms."""
    assert isinstance(albums.scope, User), "albums of no owner"
    words = AlbumWord.objects.filter(owner=albums.scope)
    return narrow(albums, terms, [Way(lambda term: beginning(words, term), "album", _has)])


def _has(term: Term, key: str) -> Q:
    return there_is(beginning(AlbumWord.objects.filter(album=OuterRef(key)), term))


def title_words() -> Any:
    """The title is the first text of an album."""
    return AlbumWord.objects.filter(position__lt=FIELD_POSITIONS)
