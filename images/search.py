"""Finds images by the words of name, caption and camera, and by those of their album's title."""

from collections.abc import Sequence
from typing import Any

from django.db.models import OuterRef, Q

from accounts.models import User
from albums.models import Album
from albums.search import title_words
from images.models import Image, ImageQuerySet, ImageWord
from imagestore.kit.search import Way, beginning, narrow, there_is
from imagestore.kit.words import Term, has_term

# What `matching` asks of a row, for the schema.
SEARCHES = "Each word must begin a word of name, caption, camera or album; quotation marks keep words together."


def matching(images: ImageQuerySet, terms: Sequence[Term]) -> Any:
    """Those of the images of one album or one owner that have all terms."""
    scope = images.scope
    if isinstance(scope, Album):
        return _matching_in_album(images, terms, scope)
    assert isinstance(scope, User), "images of no album and no owner"
    return _matching_of_owner(images, terms, scope)


def _matching_in_album(images: ImageQuerySet, terms: Sequence[Term], album: Album) -> Any:
    """All images of an album have the terms that its title has."""
    words = ImageWord.objects.filter(album=album)
    left = [term for term in terms if not has_term(album.title, term)]
    return narrow(images, left, [Way(lambda term: beginning(words, term), "image", _has_itself)])


def _matching_of_owner(images: ImageQuerySet, terms: Sequence[Term], owner: User) -> Any:
    words, titles = ImageWord.objects.filter(owner=owner), title_words().filter(owner=owner)

    def titled(term: Term) -> Q:
        """Not asked of each image: few albums have a term in their title, so they are looked up once."""
        return Q(album__in=beginning(titles, term).values("album"))

    by_word = Way(lambda term: beginning(words, term), "image", _has_itself)
    by_title = Way(lambda term: Image.objects.filter(titled(term)), "pk", lambda term, _: titled(term))
    return narrow(images, terms, [by_word, by_title])


def _has_itself(term: Term, key: str) -> Q:
    return there_is(beginning(ImageWord.objects.filter(image=OuterRef(key)), term))
