"""What a list page shows, in which order, and the links that lead from it and back."""

from urllib.parse import urlencode

from django.http import HttpRequest

NEWEST_FIRST = "-created_at"


def list_context(request: HttpRequest) -> dict[str, str]:
    """What a list shows and in which order; `list_query` is that for the links that lead from it and back."""
    asked = {name: request.GET.get(name, "") for name in ("search", "status", "ordering")}
    if asked["ordering"] == NEWEST_FIRST:
        asked["ordering"] = ""
    query = urlencode({name: value for name, value in asked.items() if value})
    return asked | {"ordering": asked["ordering"] or NEWEST_FIRST, "list_query": f"?{query}" if query else ""}
