"""Base classes of the admins of users, albums and images."""

from collections.abc import Iterable
from typing import Any

import structlog
from django.contrib import admin, messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.text import Truncator

from images.deletion import trash
from imagestore.kit.logging import MAX_LOGGED_IDS
from imagestore.kit.problems import Problem, not_found
from imagestore.kit.text import composed
from imagestore.kit.words import SEARCH_TERMS, natural_key

logger = structlog.get_logger(__name__)

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


class LoggedAdmin:
    """A ModelAdmin whose acts are lines of the log, beside Django's own table of them."""

    def log_addition(self, request: HttpRequest, row: Any, message: Any) -> Any:
        log_act("added", [row])
        return super().log_addition(request, row, message)  # type: ignore[misc]

    def log_change(self, request: HttpRequest, row: Any, message: Any) -> Any:
        log_act("changed", [row])
        return super().log_change(request, row, message)  # type: ignore[misc]

    def log_deletions(self, request: HttpRequest, rows: Any) -> Any:
        log_act("deleted", rows)
        return super().log_deletions(request, rows)  # type: ignore[misc]


def log_act(act: str, rows: Iterable[Any]) -> None:
    """The line bears the operator, as every line of a request."""
    chosen = list(rows)
    ids = [str(getattr(row, "public_id", row.pk)) for row in chosen[:MAX_LOGGED_IDS]]
    if chosen:
        logger.info("operator's act", act=act, model=chosen[0]._meta.label, count=len(chosen), ids=ids)


class CarefulAdmin(LoggedAdmin):
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
            _compose(row, form.changed_data)
        row.save(update_fields=form.changed_data if change else None)

    def delete_model(self, request: HttpRequest, row: Any) -> None:
        self.remove([row])

    def delete_queryset(self, request: HttpRequest, rows: QuerySet[Any]) -> None:
        self.remove(list(rows.order_by(*self.lock_order)))

    def get_deleted_objects(
        self, rows: Iterable[Any], request: HttpRequest
    ) -> tuple[list[str], dict[str, int], set[str], list[str]]:
        """Names of the rows, their count, the models whose rows this operator may not delete, and no blockers."""
        names, refused = [], set()
        for row in rows:
            names.append(str(row))
            if not self.has_delete_permission(request, row):  # type: ignore[attr-defined]
                refused.add(str(row._meta.verbose_name))
        return names, {"chosen": len(names)}, refused, []


def _compose(row: Any, columns: Iterable[str]) -> None:
    """Texts that an operator typed are stored in NFC, as the services store those of users."""
    for column in columns:
        text = getattr(row, column)
        if isinstance(text, str):
            setattr(row, column, composed(text, row._meta.get_field(column).max_length or 0))


class TrashAdmin(CarefulAdmin):
    """Base of the admins of albums and images. It shows trashed rows too, and deletes for ever.

    Each word of a search stands in one of `search_fields`, or in `searched_key`, a natural key, which finds it
    whatever its case and accents on every database.
    """

    searched_key = ""

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).undeleted()  # type: ignore[misc]

    def get_search_results(self, request: HttpRequest, rows: Any, typed: str) -> tuple[Any, bool]:
        return rows.filter(*map(self._has, typed.split()[:SEARCH_TERMS])), False

    def _has(self, word: str) -> Q:
        has = Q(**{f"{self.searched_key}__contains": natural_key(word)})
        for column in self.search_fields:  # type: ignore[attr-defined]
            has |= Q(**{f"{column}__icontains": word})
        return has

    @admin.display(description="in the trash since", ordering="trashed_at")
    def trashed(self, row: Any) -> Any:
        return row.trashed_at

    @admin.action(description="Restore", permissions=["change"])
    def restore(self, request: HttpRequest, rows: QuerySet[Any]) -> None:
        count = 0
        for row in rows:
            try:
                trash.restore(row)
            except Problem:
                continue
            count += 1
        messages.success(request, f"{count} restored.")
