"""Every list as a keyset page."""

from typing import Any

from django.template import loader
from rest_framework.pagination import BasePagination
from rest_framework.response import Response
from rest_framework.utils.serializer_helpers import ReturnList

from imagestore.kit.keyset import MAX_PAGE_SIZE, PAGE_SIZE, Page, page_of


class KeysetPagination(BasePagination):
    """`{"next", "previous", "results"}`; the view's `orderings` maps names to columns."""

    page: Page
    template = "rest_framework/pagination/previous_and_next.html"

    def paginate_queryset(self, queryset: Any, request: Any, view: Any = None) -> list[Any]:
        self.request = request
        self.page = page_of(queryset, request.query_params, view.orderings)
        self.display_page_controls = True
        return self.page.items

    def get_paginated_response(self, data: ReturnList[Any]) -> Response:
        return Response({"next": self.next_url(), "previous": self.previous_url(), "results": data})

    def to_html(self) -> str:
        """The controls of the browsable page."""
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
        names = [sign + name for name in view.orderings for sign in ("", "-")]
        size = {"type": "integer", "minimum": 1, "maximum": MAX_PAGE_SIZE, "default": PAGE_SIZE}
        return [
            {"name": "page_size", "in": "query", "schema": size},
            {"name": "cursor", "in": "query", "schema": {"type": "string"}},
            {"name": "ordering", "in": "query", "schema": {"type": "string", "enum": names}},
        ]
