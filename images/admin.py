"""Images for operators: what waits, what failed and why, and trying it again."""

from collections.abc import Iterator
from typing import Any

from django.contrib import admin, messages
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from images import services, trash
from images.delivery import links_of
from images.models import SHOWN, Image
from images.records import Finding
from imagestore.admin import CarefulAdmin, InTrash, shortened
from imagestore.problems import Problem
from imagestore.sizes import filesize

THUMB_HEIGHT = 60  # px


class ShownStatus(admin.SimpleListFilter):
    """Images on their way in or out have their numbers on the first page, not rows here."""

    title = "status"
    parameter_name = "status"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(status.value, str(status.label)) for status in SHOWN]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Image]) -> QuerySet[Image]:
        return queryset.filter(status=self.value()) if self.value() else queryset


class TrashAdmin(CarefulAdmin):
    """Of albums and images, which are shown in the trash too; deleting here is for ever."""

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).kept()  # type: ignore[misc]

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


@admin.register(Image)
class ImageAdmin(TrashAdmin, admin.ModelAdmin):
    list_display = (
        "thumbnail", "short_name", "status", "reason", "owner", "short_album", "size", "created_at", "trashed",
    )  # fmt: skip
    list_display_links = ("thumbnail", "short_name")
    list_filter = (ShownStatus, InTrash, "error_code", "content_type")
    list_select_related = ("owner", "album")
    list_per_page = 50
    show_full_result_count = False
    view_on_site = False  # the page is its owner's
    search_fields = ("name", "owner__email", "sha256")
    search_help_text = "Name, e-mail of the owner, or SHA-256"
    actions = ("process_again", "restore")
    fields = (
        "thumbnail", "name", "caption", "owner", "album", "status", "reason", "attempts", "content_type",
        "size", "width", "height", "taken_at", "camera", "sha256", "public_id", "created_at", "updated_at",
        "trashed",
    )  # fmt: skip
    readonly_fields = tuple(name for name in fields if name not in ("name", "caption"))

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    @admin.display(description="")
    def thumbnail(self, image: Image) -> SafeString | str:
        thumb = links_of(image).thumb
        if thumb is None:
            return "—"
        width = round(THUMB_HEIGHT * thumb.width / thumb.height)
        return format_html('<img src="{}" width="{}" height="{}" alt="">', thumb.url, width, THUMB_HEIGHT)

    @admin.display(description="name", ordering="name")
    def short_name(self, image: Image) -> str:
        return shortened(image.name)

    @admin.display(description="album", ordering="album__title")
    def short_album(self, image: Image) -> str:
        return shortened(image.album)

    @admin.display(description="reason of failure")
    def reason(self, image: Image) -> str:
        return image.error_detail or "—"

    @admin.display(description="size", ordering="bytes")
    def size(self, image: Image) -> str:
        return filesize(image.bytes)

    @admin.action(description="Process again")
    def process_again(self, request: HttpRequest, images: QuerySet[Image]) -> None:
        count = 0
        for image in images:
            try:
                services.process_again(image)
            except Problem:
                continue
            count += 1
        messages.success(request, f"{count} images will be processed again.")

    def save_model(self, request: HttpRequest, image: Any, form: Any, change: bool) -> None:
        services.change(image, **{field: form.cleaned_data[field] for field in form.changed_data})

    def remove(self, images: list[Any]) -> None:
        for image in images:
            services.delete_images(image.owner, Image.objects.filter(pk=image.pk), permanent=True)


class Unresolved(admin.SimpleListFilter):
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
    """What `verify` and the scrub found, to be read: only they resolve it."""

    list_display = ("kind", "file", "detail", "of_image", "found_at", "seen_at", "resolved_at")
    list_display_links = None
    list_filter = (Unresolved, "kind")
    list_per_page = 50
    show_full_result_count = False
    search_fields = ("file",)
    ordering = ("-seen_at", "-pk")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Finding]:
        named = Image.objects.kept().filter(public_id=OuterRef("image"))
        return super().get_queryset(request).annotate(image_key=Subquery(named.values("pk")[:1]))

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
