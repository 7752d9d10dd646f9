"""What the three admins share."""

from collections.abc import Iterable
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.defaultfilters import filesizeformat


def filesize(size: int) -> str:
    return filesizeformat(size).replace("\xa0", " ")


class CarefulAdmin:
    """A ModelAdmin that writes only what the form changed, and deletes by `remove`.

    The other columns are counted and claimed by others at the same time. A deleted row goes
    later, behind its files, so what Django would collect is not asked for.
    """

    def remove(self, rows: list[Any]) -> None:
        raise NotImplementedError

    def save_model(self, request: HttpRequest, row: Any, form: Any, change: bool) -> None:
        row.save(update_fields=form.changed_data if change else None)

    def delete_model(self, request: HttpRequest, row: Any) -> None:
        self.remove([row])

    def delete_queryset(self, request: HttpRequest, rows: QuerySet[Any]) -> None:
        self.remove(list(rows))

    def get_deleted_objects(
        self, rows: Iterable[Any], request: HttpRequest
    ) -> tuple[list[str], dict[str, int], set[str], list[str]]:
        names = [str(row) for row in rows]
        return names, {"chosen": len(names)}, set(), []
