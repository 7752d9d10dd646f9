"""The pagination class of all lists."""

from typing import Any

from django.db.models import QuerySet
from django.template import loader
from rest_framework.pagination import BasePagination
from rest_framework.response import Response
from rest_framework.utils.serializer_helpers import ReturnList

from imagestore.kit.keyset import Page


class KeysetPagination(BasePagination):
    """Answers `{"next", "previous", "results"}`; the view must have a `list_spec`, which reads the request.

    A `default_ordering` of the view prevails over that of the list.
    """

    page: Page
    template = "rest_framework/pagination/previous_and_next.html"

    def paginate_queryset(self, queryset: Any, request: Any, view: Any = None) -> list[Any]:
        self.request = request
        list_request = view.list_spec.read(request.query_params, getattr(view, "default_ordering", ""))
        # The trash is a list of several querysets, and takes no search and no filters.
        rows = list_request.apply(queryset) if isinstance(queryset, QuerySet) else queryset
        self.page = list_request.page(rows)
        self.display_page_controls = True
        return self.page.items

    def get_paginated_response(self, data: ReturnList[Any]) -> Response:
        return Response({"next": self.next_url(), "previous": self.previous_url(), "results": data})

    def to_html(self) -> str:
        """The links to the next and the previous page, on the pages of the browsable API."""
        urls = {"previous_url": self.previous_url(), "next_url": self.next_url()}
        return loader.render_to_string(self.template, urls)

    def next_url(self) -> str | None:
        return self.page.url(self.request, self.page.next_cursor)

    def previous_url(self) -> str | None:
        return self.page.url(self.request, self.page.previous_cursor)

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        link = {"type": ["string", "null"], "format": "uri"}
        return {
            "type": "object",
            "required": ["next", "previous", "results"],
            "properties": {"next": link, "previous": link, "results": schema},
        }

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        parameters: list[dict[str, Any]] = view.list_spec.parameters()
        return parameters
