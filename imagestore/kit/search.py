"""Search in a table of words: the rows that have each term, from an index, however many rows there are.

A word's row says which row of a list has this word, and where. Terms that few rows have are looked up; their rows
are then sorted. Where all terms are frequent, the list is read in its own order, and each row asked for the
terms: so a page is soon full. docs/performance.md has the figures of both ways.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import reduce
from operator import or_
from typing import Any, ClassVar, NamedTuple, Self

from django.db import connection, models
from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.db.models.lookups import IsNull

from imagestore.kit.database import retry_transaction
from imagestore.kit.fields import CodePointField, NaturalKeyField
from imagestore.kit.words import WORD_LENGTH, Piece, Term, natural_key, words_of

# A term is rare when no more words than this begin with it, within what is searched.
RARE_WORDS = 4000
# Of frequent terms, words are counted up to this number, to begin with the rarest.
COUNTED_WORDS = 20_000
# Behind all words that begin with the text before it; in no word.
_LAST = "\U0010ffff"


class Word(models.Model):
    """One word of a row, as imagestore.kit.words spells it. The row's `searched` names the columns of its texts.

    `of` names the foreign key to the row; `copied` names columns that are the same in row and word.
    """

    of: ClassVar[str]
    copied: ClassVar[tuple[str, ...]]

    word = CodePointField(max_length=WORD_LENGTH)
    position = models.SmallIntegerField()

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.word

    @classmethod
    def columns(cls) -> tuple[str, ...]:
        return f"{cls.of}_id", *cls.copied, "word", "position"

    @classmethod
    def values_of(cls, row: Any) -> list[tuple[Any, ...]]:
        """Of each word that the row should have: the values of `columns`."""
        shared = row.pk, *(getattr(row, column) for column in cls.copied)
        return [(*shared, *found) for found in words_of([getattr(row, column) for column in row.searched])]


class ScopedQuerySet(models.QuerySet[Any]):
    """Knows of what its rows are the list (an album, or an owner), so that a search looks there alone.

    Django's related managers, such as `album.images`, leave the same hint.
    """

    @property
    def scope(self) -> models.Model:
        """Raises LookupError for rows of no album and no owner, which no search may look through."""
        scope: models.Model = self._hints["instance"]  # type: ignore[attr-defined]
        return scope

    def within(self, scope: models.Model) -> Self:
        scoped = self.all()
        scoped._hints = {**self._hints, "instance": scope}  # type: ignore[attr-defined]
        return scoped


class Way(NamedTuple):
    """One way in which rows can have a term, such as by their own words, or by those of their album's title."""

    found: Callable[[Term], "QuerySet[Any]"]
    """What has the term, by an index of words; in no order and also twice."""
    key: str
    """The column of `found` that is the row's primary key."""
    has: Callable[[Term, str], Q]
    """The condition that the row whose key is in this column has the term."""


def narrow(rows: ScopedQuerySet, terms: Sequence[Term], ways: Sequence[Way]) -> Any:
    """Those of `rows` that have all terms, each in any of these ways."""
    if not terms:
        return rows
    counts = _counts(terms, ways) if len(terms) > 1 else {terms[0]: [1] * len(ways)}
    # In what follows, the ways in which nothing has the term cost nothing.
    used = {term: [way for way, count in zip(ways, counts[term], strict=True) if count] for term in terms}
    if not all(used.values()):
        return rows.none()
    lead, *others = sorted(terms, key=lambda term: (sum(counts[term]), -len(term), -len(term[0].text)))

    def has(term: Term, key: str) -> Q:
        return reduce(or_, [way.has(term, key) for way in used[term]])

    hits = [way.found(lead).filter(*(has(term, way.key) for term in others)) for way in used[lead]]
    found = _first([each.values_list(way.key) for each, way in zip(hits, used[lead], strict=True)])
    if len(found) <= RARE_WORDS:
        return _only(rows, {key for _, key in found})
    numbers = {number for number, _ in found}
    used[lead] = [way for number, way in enumerate(used[lead]) if number in numbers]
    return rows.filter(*(has(term, "pk") for term in [lead, *others]))


def _only(rows: "QuerySet[Any]", keys: set[int]) -> Any:
    """Those of `rows` that have these keys. In this form no database reads the whole list in its order instead."""
    if not keys:
        return rows.none()
    is_listed = there_is(rows.select_related(None).filter(pk=OuterRef("pk")), "pk")
    looked_up = rows.all()
    looked_up.query = rows.model._default_manager.filter(is_listed, pk__in=keys).query
    looked_up.query.select_related = rows.query.select_related
    return looked_up


def _counts(terms: Sequence[Term], ways: Sequence[Way]) -> dict[Term, Sequence[int]]:
    """How many times each term is found in each of these ways, at most COUNTED_WORDS."""
    found = [way.found(term).values_list(way.key) for term in terms for way in ways]
    row = _select("SELECT ", ", ", "(SELECT COUNT(*) FROM ({}) counted)", found, COUNTED_WORDS)[0]
    return {term: row[number * len(ways) : (number + 1) * len(ways)] for number, term in enumerate(terms)}


def _first(found: "Sequence[QuerySet[Any]]") -> Any:
    """Of each queryset, at most one key more than are few, beside the queryset's number."""
    return _select("", " UNION ALL ", "SELECT {1}, found.* FROM ({0}) found", found, RARE_WORDS + 1)


def _select(begin: str, between: str, form: str, found: "Sequence[QuerySet[Any]]", count: int) -> Any:
    """One statement of the first `count` rows of each queryset. Django knows no LIMIT in a part of a statement."""
    parts = [each[:count].query.sql_with_params() for each in found]
    with connection.cursor() as cursor:
        statement = begin + between.join(form.format(sql, number) for number, (sql, _) in enumerate(parts))
        cursor.execute(statement, [value for _, params in parts for value in params])
        return cursor.fetchall()


def beginning(words: "QuerySet[Any]", term: Term) -> "QuerySet[Any]":
    """Those of `words` with which the term's longest piece begins, where the other pieces stand around it."""
    model: Any = words.model
    lead = max(term, key=lambda piece: len(piece.text))
    for piece in term:
        if piece is not lead:
            beside = {model.of: OuterRef(model.of), "position": OuterRef("position") + (piece.offset - lead.offset)}
            words = words.filter(there_is(model.objects.filter(_fits(piece), **beside)))
    return words.filter(_fits(lead))


def _fits(piece: Piece) -> Q:
    """A range, because SQLite uses no index for Django's LIKE."""
    return Q(word=piece.text) if piece.is_whole else Q(word__gte=piece.text, word__lt=piece.text + _LAST)


def there_is(rows: "QuerySet[Any]", column: str = "position") -> Q:
    """A condition. Not EXISTS: MySQL may turn it into a join, begin with the inner rows, and sort all of them."""
    return Q(IsNull(Subquery(rows.values(column)[:1]), False))


# ---- Writing words --------------------------------------------------------------------------


def add_words(words: type[Word], rows: Iterable[Any]) -> None:
    """Call it in the transaction that inserts these rows."""
    values = (value for row in rows for value in words.values_of(row))
    words._default_manager.bulk_create(words(**dict(zip(words.columns(), each, strict=True))) for each in values)


def replace_words(words: type[Word], rows: Sequence[Any]) -> None:
    """Call it in the transaction that changes texts of these rows, or when it has locked them."""
    words._default_manager.filter(**{f"{words.of}__in": [row.pk for row in rows]}).delete()
    add_words(words, rows)


# ---- Comparing them with their rows ---------------------------------------------------------


def disagreeing(
    words: type[Word], rows: "QuerySet[Any]", after: int, batch_rows: int
) -> tuple[set[int], int | None]:
    """Keys behind `after` whose words or natural key are not those of their texts, and where to go on.

    It reads `batch_rows` of `rows`. Words whose row is gone disagree, too. None when no rows are left.
    """
    batch = list(rows.filter(pk__gt=after).order_by("pk")[:batch_rows])
    end = batch[-1].pk if len(batch) == batch_rows else None
    until = {} if end is None else {f"{words.of}__lte": end}
    return _differing(batch, words._default_manager.filter(**{f"{words.of}__gt": after}, **until)), end


@retry_transaction
def confirm_disagreeing(words: type[Word], keys: Iterable[int]) -> tuple[list[Any], set[int]]:
    """Lock these rows and compare again: requests may have written them between the two queries of `disagreeing`.

    Returns the rows, and the keys of those that are wrong indeed; also keys whose row is gone.
    """
    model: Any = words._meta.get_field(words.of).related_model
    rows = list(model._default_manager.select_for_update().filter(pk__in=keys).order_by("pk"))
    return rows, _differing(rows, words._default_manager.filter(**{f"{words.of}__in": keys}))


@retry_transaction
def repair_words(words: type[Word], keys: Iterable[int]) -> int:
    """Write the words and natural keys of these rows again. Returns of how many they were wrong."""
    rows, wrong = confirm_disagreeing(words, keys)
    words._default_manager.filter(**{f"{words.of}__in": wrong}).delete()
    add_words(words, [row for row in rows if row.pk in wrong])
    for row in rows:
        if stale := _stale_keys(row):
            row.save(update_fields=stale)
    return len(wrong)


def _differing(rows: Sequence[Any], stored: "QuerySet[Any]") -> set[int]:
    """Keys of rows whose words are not those `stored`, or whose natural key is not that of its text."""
    words = stored.model
    expected = {values for row in rows for values in words.values_of(row)}
    wrong = {key for key, *_ in expected.symmetric_difference(stored.values_list(*words.columns()))}
    return wrong | {row.pk for row in rows if _stale_keys(row)}


def _stale_keys(row: Any) -> list[str]:
    """Names of natural keys that are not those of their texts."""
    keys = [field for field in row._meta.fields if isinstance(field, NaturalKeyField)]
    return [key.name for key in keys if getattr(row, key.attname) != natural_key(getattr(row, key.source))]
