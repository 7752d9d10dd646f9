"""Search, filters, order and paging of a list. Its page, API and schema all read one `ListSpec`."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar
from uuid import UUID

from django.db.models import Model, QuerySet
from django.http import QueryDict

from imagestore.kit.filters import AnyFilter
from imagestore.kit.keyset import (
    MAX_PAGE_SIZE,
    PAGE_SIZE,
    TIE_BREAKER,
    Page,
    Rows,
    neighbours,
    ordering_of,
    page_around,
    page_of,
)
from imagestore.kit.list_index import along_index
from imagestore.kit.params import SEARCH_LENGTH, row_id, search_words
from imagestore.kit.problems import invalid, not_found
from imagestore.kit.words import Term, terms_of


@dataclass(frozen=True)
class ListSpec:
    """What clients may ask of one list. Declare it beside the services of the list's rows.

    `orderings` maps names to columns; without `?ordering=` the list is by the first one, descending, or by
    the order that `read` gets.
    `searches` says for the schema where `?search=` looks; `search` then selects the rows that have all terms.
    With `around`, `?around=` may name a row: the page is that which holds it. Where the order of a list is stored
    with what holds its rows, `stored_order` says so for the schema.
    A row that is in several lists is opened from one of them: links from a list with a `name` say `?list=name`.
    """

    orderings: Mapping[str, str]
    filters: tuple[AnyFilter, ...] = ()
    searches: str = ""
    name: str = ""
    around: bool = False
    stored_order: str = ""
    search: Callable[[Any, Sequence[Term]], Any] = lambda rows, terms: rows

    @property
    def default_ordering(self) -> str:
        return f"-{next(iter(self.orderings))}"

    @property
    def ordering_names(self) -> list[str]:
        """All that `?ordering=` may be."""
        return [sign + name for name in self.orderings for sign in ("", "-")]

    def read(self, params: Mapping[str, str], default_ordering: str = "") -> "ListRequest":
        """Raises Problem `invalid` for a search, filter or order that this list does not allow."""
        filters = {each.name: each.read(params) for each in self.filters}
        default_ordering = default_ordering or self.default_ordering
        ordering = ordering_of(params.get("ordering", default_ordering), self.orderings).name
        search = search_words(params) if self.searches else ""
        around = row_id(params, "around") if self.around else None
        if around and params.get("cursor"):
            raise invalid("around", "Give around or cursor, not both.")
        return ListRequest(self, params, search, filters, ordering, default_ordering, around)

    def parameters(self) -> list[dict[str, Any]]:
        """For the OpenAPI schema."""
        return [*self.narrowing_parameters(), *self._page_parameters()]

    def narrowing_parameters(self) -> list[dict[str, Any]]:
        """Search and filters alone, for the OpenAPI schema."""
        search = _parameter("search", {"type": "string", "maxLength": SEARCH_LENGTH}, self.searches)
        filters = [_parameter(each.name, each.schema, each.description) for each in self.filters]
        return [*([search] if self.searches else []), *filters]

    def _page_parameters(self) -> list[dict[str, Any]]:
        default = {} if self.stored_order else {"default": self.default_ordering}
        size = {"type": "integer", "minimum": 1, "maximum": MAX_PAGE_SIZE, "default": PAGE_SIZE}
        around = _parameter(
            "around",
            {"type": "string", "format": "uuid"},
            "The id of a row: the page that holds it; without `cursor`.",
        )
        return [
            _parameter("page_size", size, "So many rows."),
            _parameter("cursor", {"type": "string"}, "Where the page begins; `next` and `previous` have it."),
            *([around] if self.around else []),
            _parameter(
                "ordering",
                {"type": "string", "enum": self.ordering_names, **default},
                f"A minus in front: descending. {self.stored_order}".strip(),
            ),
        ]


@dataclass(frozen=True)
class ListRequest:
    """The search, filters, order and page that one request asks for."""

    max_search_length: ClassVar[int] = SEARCH_LENGTH

    spec: ListSpec
    params: Mapping[str, str]
    search: str
    filters: Mapping[str, str]
    """Name of a filter -> its value; empty when the request does not filter by it."""
    ordering: str
    default_ordering: str
    around: UUID | None = None

    @property
    def is_narrowed(self) -> bool:
        return bool(self.narrowed_by())

    def narrowed_by(self) -> set[str]:
        """The parameters that leave rows out."""
        return {name for name, value in {"search": self.search, **self.filters}.items() if value}

    @property
    def query(self) -> QueryDict:
        """For `{% querystring %}` in links to pages of rows: the list's name, with search, filters and order."""
        return _query({"list": self.spec.name, **self.page_query.dict()})

    @property
    def page_query(self) -> QueryDict:
        """Search, filters and order, for links to the list itself."""
        params = {"search": self.search, **self.filters}
        if self.ordering != self.default_ordering:
            params["ordering"] = self.ordering
        return _query(params)

    @property
    def narrowing_query(self) -> QueryDict:
        """Search and filters alone."""
        return _query({name: value for name, value in self.page_query.items() if name != "ordering"})

    @property
    def order_query(self) -> QueryDict:
        """The order alone, for a link that shows the whole list."""
        return _query({name: value for name, value in self.page_query.items() if name == "ordering"})

    def apply(self, rows: "QuerySet[Any]") -> Any:
        """Those of `rows` that match search and filters."""
        given = [(each, self.filters[each.name]) for each in self.spec.filters if self.filters[each.name]]
        chosen = {each.column: each.value(text) for each, text in given}
        matching: Any = rows.filter(**chosen) if chosen else rows
        return self.spec.search(matching, terms_of(self.search)) if self.search else matching

    def in_order(self, rows: "QuerySet[Any]") -> "QuerySet[Any]":
        """Those of `rows` that match, all in the order of the list."""
        ordering = ordering_of(self.ordering, self.spec.orderings)
        return self._along_index(self.apply(rows)).order_by(*ordering.order_by(backwards=False))

    def page(self, rows: Rows) -> Page:
        """The requested page of `rows`.

        Raises Problem `invalid` for a wrong cursor or page size, `not_found` when the row of `around` is not there.
        """
        if self.around is None:
            tables = [rows] if isinstance(rows, QuerySet) else rows
            tables = [self._along_index(each) for each in tables]
            return page_of(tables, self.params, self.spec.orderings, self.ordering)
        assert isinstance(rows, QuerySet)
        row = rows.filter(public_id=self.around).first()
        if row is None:
            raise not_found()
        return page_around(self._along_index(rows), row, self.params, self.spec.orderings, self.ordering)

    def neighbours(self, rows: "QuerySet[Any]", row: Model) -> tuple[Any, Any]:
        """The rows before and after `row` in this list; None at an end."""
        return neighbours(self._along_index(rows), row, self.ordering, self.spec.orderings)

    def _along_index(self, rows: "QuerySet[Any]") -> "QuerySet[Any]":
        column = ordering_of(self.ordering, self.spec.orderings).column
        return along_index(rows, column, TIE_BREAKER)


def _query(params: Mapping[str, Any]) -> QueryDict:
    query = QueryDict(mutable=True)
    query.update({name: value for name, value in params.items() if value})
    return query


def _parameter(name: str, schema: dict[str, Any], description: str) -> dict[str, Any]:
    described = {"description": description} if description else {}
    return {"name": name, "in": "query", "schema": schema, **described}
