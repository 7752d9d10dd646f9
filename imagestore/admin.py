"""What the three admins share."""

from collections.abc import Iterable
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.defaultfilters import filesizeformat


def filesize(size: int) -> str:
    return filesizeformat(size).replace("\xa0", " ")


class DeletesThroughServices:
    """A ModelAdmin whose deletions, one or many, go the way of all deletions: `remove`.

    The rows themselves go later, so what Django would collect is not asked for.
    """

    def remove(self, rows: list[Any]) -> None:
        raise NotImplementedError

    def delete_model(self, request: HttpRequest, row: Any) -> None:
        self.remove([row])

    def delete_queryset(self, request: HttpRequest, rows: QuerySet[Any]) -> None:
        self.remove(list(rows))

    def get_deleted_objects(
        self, rows: Iterable[Any], request: HttpRequest
    ) -> tuple[list[str], dict[str, int], set[str], list[str]]:
        names = [str(row) for row in rows]
        return names, {"chosen": len(names)}, set(), []
