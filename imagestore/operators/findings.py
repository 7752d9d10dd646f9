"""The admin of findings: files that are missing, damaged or unknown."""

from collections.abc import Iterator
from typing import Any

from django.contrib import admin
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from images.models import Finding, Image


class ResolvedFilter(admin.SimpleListFilter):
    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("all", "resolved too")]

    def choices(self, changelist: Any) -> Iterator[Any]:
        first, *others = super().choices(changelist)
        yield {**first, "display": "unresolved"}
        yield from others

    def queryset(self, request: HttpRequest, queryset: QuerySet[Finding]) -> QuerySet[Finding]:
        return queryset if self.value() else queryset.filter(resolved_at=None)


@admin.register(Finding)
class FindingAdmin(admin.ModelAdmin):
    """Read only: `verify` and the scrub write and resolve findings; an upload of lost bytes resolves one, too."""

    list_display = ("kind", "file", "detail", "of_image", "found_at", "seen_at", "resolved_at")
    list_display_links = None
    list_filter = (ResolvedFilter, "kind")
    list_per_page = 50
    show_full_result_count = False
    search_fields = ("file",)
    ordering = ("-seen_at", "-pk")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Finding]:
        images = Image.objects.undeleted().filter(public_id=OuterRef("image"))
        return super().get_queryset(request).annotate(image_key=Subquery(images.values("pk")[:1]))

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, finding: Finding | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, finding: Finding | None = None) -> bool:
        return False

    @admin.display(description="image")
    def of_image(self, finding: Any) -> SafeString | str:
        if finding.image_key is None:
            return "—"
        return format_html('<a href="{}">open</a>', reverse("admin:images_image_change", args=[finding.image_key]))
