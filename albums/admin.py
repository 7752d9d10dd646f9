"""Albums for operators; deleting here takes the same road as everywhere."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from albums.models import Album
from images.services import delete_albums
from imagestore.admin import CarefulAdmin, filesize


@admin.register(Album)
class AlbumAdmin(CarefulAdmin, admin.ModelAdmin):
    list_display = ("title", "owner", "image_count", "size", "created_at", "updated_at")
    view_on_site = False  # the page is its owner's
    show_full_result_count = False
    list_select_related = ("owner",)
    search_fields = ("title", "owner__email")
    search_help_text = "Title, or e-mail of the owner"
    date_hierarchy = "created_at"
    fields = ("title", "description", "owner", "image_count", "size", "created_at", "updated_at")
    readonly_fields = ("owner", "image_count", "size", "created_at", "updated_at")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Album]:
        return super().get_queryset(request).filter(doomed_at=None)

    @admin.display(description="size", ordering="bytes")
    def size(self, album: Album) -> str:
        return filesize(album.bytes)

    def remove(self, albums: list[Any]) -> None:
        for album in albums:
            delete_albums(album.owner, [album])
