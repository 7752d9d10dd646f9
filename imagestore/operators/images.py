"""The admin of images: which wait, which failed and why, and an action that processes them again."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString

from images import services
from images.delivery.links import links_of
from images.models import SHOWN, Image
from imagestore.kit.filesize import filesize
from imagestore.operators.base import TrashAdmin, TrashFilter, shorten
from imagestore.operators.first_page import process_each_again

THUMB_HEIGHT_PX = 60


class StatusFilter(admin.SimpleListFilter):
    """Offers no images that are being received or deleted: the admin's first page counts those."""

    title = "status"
    parameter_name = "status"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(status.value, str(status.label)) for status in SHOWN]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Image]) -> QuerySet[Image]:
        return queryset.filter(status=self.value()) if self.value() else queryset


@admin.register(Image)
class ImageAdmin(TrashAdmin, admin.ModelAdmin):
    list_display = (
        "thumbnail", "short_name", "status", "reason", "owner", "short_album", "size", "created_at", "trashed",
    )  # fmt: skip
    list_display_links = ("thumbnail", "short_name")
    list_filter = (StatusFilter, TrashFilter, "error_code", "content_type")
    list_select_related = ("owner", "album")
    list_per_page = 50
    show_full_result_count = False
    view_on_site = False  # only the owner may see the page
    search_fields = ("name", "owner__email", "sha256", "public_id")
    searched_key = "name_key"
    search_help_text = "Name, e-mail of the owner, or SHA-256"
    actions = ("process_again", "restore")
    fields = (
        "thumbnail", "name", "caption", "owner", "album", "status", "reason", "attempts", "content_type",
        "size", "width", "height", "rotation", "taken_at", "taken_offset", "taken_from", "camera", "lens", "sha256",
        "public_id", "created_at", "updated_at", "trashed",
    )  # fmt: skip
    readonly_fields = tuple(name for name in fields if name not in ("name", "caption"))

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    @admin.display(description="picture")
    def thumbnail(self, image: Image) -> SafeString | str:
        thumb = links_of(image).smallest
        if thumb is None:
            return "—"
        width = round(THUMB_HEIGHT_PX * thumb.width / thumb.height)
        return format_html(
            '<img src="{}" width="{}" height="{}" alt="{}">', thumb.url, width, THUMB_HEIGHT_PX, shorten(image.name)
        )

    @admin.display(description="name", ordering="name_key")
    def short_name(self, image: Image) -> str:
        return shorten(image.name)

    @admin.display(description="album", ordering="album__title_key")
    def short_album(self, image: Image) -> str:
        return shorten(image.album)

    @admin.display(description="what is wrong")
    def reason(self, image: Image) -> str:
        return image.error_detail or image.damage_detail or "—"

    @admin.display(description="size", ordering="bytes")
    def size(self, image: Image) -> str:
        return filesize(image.bytes)

    @admin.action(description="Process again", permissions=["change"])
    def process_again(self, request: HttpRequest, images: QuerySet[Image]) -> None:
        messages.success(request, f"{process_each_again(images)} images will be processed again.")

    def save_model(self, request: HttpRequest, image: Any, form: Any, change: bool) -> None:
        services.change(image, **{field: form.cleaned_data[field] for field in form.changed_data})

    def remove(self, images: list[Any]) -> None:
        for image in images:
            services.delete_images(image.owner, Image.objects.filter(pk=image.pk), permanent=True)
