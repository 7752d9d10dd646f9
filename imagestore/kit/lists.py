"""Search, filters, order and paging of a list. Its page, API and schema all read one `ListSpec`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from django.db.models import Model, QuerySet
from django.http import QueryDict

from imagestore.kit.keyset import MAX_PAGE_SIZE, PAGE_SIZE, Page, Rows, neighbours, ordering_of, page_of
from imagestore.kit.params import SEARCH_LENGTH, choice, search_words


@dataclass(frozen=True)
class Filter:
    """`?name=` with one of `choices` selects the rows whose column (or lookup) has that value."""

    name: str
    choices: Sequence[str]
    column: str


@dataclass(frozen=True)
class ListSpec:
    """What clients may ask of one list. Declare it beside the services of the list's rows.

    `orderings` maps names to columns; without `?ordering=` the list is by the first one, descending.
    `searches` says for the schema where `?search=` looks; the QuerySet must then have `matching`.
    """

    orderings: Mapping[str, str]
    filters: tuple[Filter, ...] = ()
    searches: str = ""

    @property
    def default_ordering(self) -> str:
        return f"-{next(iter(self.orderings))}"

    def read(self, params: Mapping[str, str]) -> "ListRequest":
        """Raises Problem `invalid` for a search, filter or order that this list does not allow."""
        filters = {each.name: choice(params, each.name, each.choices) for each in self.filters}
        ordering = ordering_of(params.get("ordering"), self.orderings).name
        return ListRequest(self, params, search_words(params) if self.searches else "", filters, ordering)

    def parameters(self) -> list[dict[str, Any]]:
        """For the OpenAPI schema."""
        orderings = [sign + name for name in self.orderings for sign in ("", "-")]
        size = {"type": "integer", "minimum": 1, "maximum": MAX_PAGE_SIZE, "default": PAGE_SIZE}
        search = _parameter("search", {"type": "string", "maxLength": SEARCH_LENGTH}, description=self.searches)
        return [
            *([search] if self.searches else []),
            *(_parameter(each.name, {"type": "string", "enum": [*each.choices]}) for each in self.filters),
            _parameter("page_size", size),
            _parameter("cursor", {"type": "string"}),
            _parameter("ordering", {"type": "string", "enum": orderings}),
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

    @property
    def is_narrowed(self) -> bool:
        return bool(self.search or any(self.filters.values()))

    @property
    def query(self) -> QueryDict:
        """Search, filters and order, for `{% querystring %}`: links from this list and back to it carry them."""
        params = {"search": self.search, **self.filters}
        if self.ordering != self.spec.default_ordering:
            params["ordering"] = self.ordering
        return _query(params)

    @property
    def order_query(self) -> QueryDict:
        """The order alone, for a link that shows the whole list."""
        return _query({name: value for name, value in self.query.items() if name == "ordering"})

    def apply(self, rows: "QuerySet[Any]") -> Any:
        """Those of `rows` that match search and filters."""
        chosen = {each.column: self.filters[each.name] for each in self.spec.filters if self.filters[each.name]}
        matching: Any = rows.filter(**chosen) if chosen else rows
        return matching.matching(self.search) if self.search else matching

    def page(self, rows: Rows) -> Page:
        """The requested page of `rows`. Raises Problem `invalid` for a wrong cursor or page size."""
        return page_of(rows, self.params, self.spec.orderings)

    def neighbours(self, rows: "QuerySet[Any]", row: Model) -> tuple[Any, Any]:
        """The rows before and after `row` in this list; None at an end."""
        return neighbours(rows, row, self.ordering, self.spec.orderings)


def _query(params: Mapping[str, Any]) -> QueryDict:
    query = QueryDict(mutable=True)
    query.update({name: value for name, value in params.items() if value})
    return query


def _parameter(name: str, schema: dict[str, Any], **more: str) -> dict[str, Any]:
    return {"name": name, "in": "query", "schema": schema, **more}
