"""The admin of resumable uploads that are open: who sends what, how far it is, and dropping one."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from images.models import Upload
from images.uploads import resumable
from imagestore.kit.filesize import filesize
from imagestore.operators.base import CarefulAdmin, shorten


@admin.register(Upload)
class UploadAdmin(CarefulAdmin, admin.ModelAdmin):
    """Deleting one drops its bytes, too, and gives them back to its owner's quota."""

    list_display = ("short_name", "owner", "short_album", "arrived", "created_at", "expires_at")
    list_select_related = ("owner", "album")
    list_per_page = 50
    show_full_result_count = False
    search_fields = ("name", "owner__email", "public_id")
    search_help_text = "Name, or e-mail of the owner"
    ordering = ("expires_at", "pk")
    fields = ("name", "owner", "album", "arrived", "counted", "public_id", "created_at", "expires_at")

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).open()  # type: ignore[attr-defined]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, upload: Upload | None = None) -> bool:
        return False

    @admin.display(description="name", ordering="name")
    def short_name(self, upload: Upload) -> str:
        return shorten(upload.name)

    @admin.display(description="album", ordering="album__title")
    def short_album(self, upload: Upload) -> str:
        return shorten(upload.album)

    @admin.display(description="arrived", ordering="offset")
    def arrived(self, upload: Upload) -> str:
        return f"{filesize(upload.offset)} of {filesize(upload.length)}"

    def remove(self, uploads: list[Any]) -> None:
        for upload in uploads:
            resumable.end(upload)
