"""Base classes of the admins of users, albums and images."""

from collections.abc import Iterable
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.text import Truncator

from images.deletion import trash
from imagestore.kit.problems import Problem, not_found

MAX_CELL_CHARACTERS = 40


def shorten(text: object) -> str:
    """Cut text for a cell, so that one long word does not push the other columns out of the window."""
    return Truncator(str(text)).chars(MAX_CELL_CHARACTERS)


class TrashFilter(admin.SimpleListFilter):
    """Needs rows whose QuerySet has `living` and `trashed`."""

    title = "trash"
    parameter_name = "trash"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("no", "Not in the trash"), ("yes", "In the trash")]

    def queryset(self, request: HttpRequest, rows: Any) -> QuerySet[Any]:
        chosen: QuerySet[Any] = {"no": rows.living, "yes": rows.trashed}.get(self.value() or "", rows.all)()
        return chosen


class CarefulAdmin:
    """A ModelAdmin that saves only the columns that the form changed, and deletes with `remove`.

    Other requests write the other columns at the same time; saving those would undo their changes.
    `remove` calls a service that removes rows only after their files. So this class does not let
    Django collect related rows for its own DELETE.
    """

    # `remove` gets the rows in this order. Two operators who remove rows at once must lock in one order.
    lock_order: tuple[str, ...] = ("owner_id", "pk")

    def remove(self, rows: list[Any]) -> None:
        raise NotImplementedError

    def lock(self, request: HttpRequest, row: Any) -> None:
        """Lock the row until the form is saved. Raises Problem `not_found` when it went while the form was open."""
        rows = self.get_queryset(request)  # type: ignore[attr-defined]
        if not rows.select_for_update().filter(pk=row.pk).exists():
            raise not_found()

    def save_model(self, request: HttpRequest, row: Any, form: Any, change: bool) -> None:
        if change:
            self.lock(request, row)
        row.save(update_fields=form.changed_data if change else None)

    def delete_model(self, request: HttpRequest, row: Any) -> None:
        self.remove([row])

    def delete_queryset(self, request: HttpRequest, rows: QuerySet[Any]) -> None:
        self.remove(list(rows.order_by(*self.lock_order)))

    def get_deleted_objects(
        self, rows: Iterable[Any], request: HttpRequest
    ) -> tuple[list[str], dict[str, int], set[str], list[str]]:
        names = [str(row) for row in rows]
        return names, {"chosen": len(names)}, set(), []


class TrashAdmin(CarefulAdmin):
    """Base of the admins of albums and images. It shows trashed rows too, and deletes for ever."""

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).undeleted()  # type: ignore[misc]

    @admin.display(description="in the trash since", ordering="trashed_at")
    def trashed(self, row: Any) -> Any:
        return row.trashed_at

    @admin.action(description="Restore")
    def restore(self, request: HttpRequest, rows: QuerySet[Any]) -> None:
        count = 0
        for row in rows:
            try:
                trash.restore(row)
            except Problem:
                continue
            count += 1
        messages.success(request, f"{count} restored.")
