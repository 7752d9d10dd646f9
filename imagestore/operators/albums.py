"""The admin of albums. It deletes them with images.services.delete_albums, as pages and API do."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from albums.models import Album, AlbumWord
from images.services import delete_albums
from imagestore.kit.filesize import filesize
from imagestore.kit.search import replace_words
from imagestore.operators.base import TrashAdmin, TrashFilter, shorten


@admin.register(Album)
class AlbumAdmin(TrashAdmin, admin.ModelAdmin):
    list_display = ("short_title", "owner", "image_count", "size", "created_at", "updated_at", "trashed")
    list_filter = (TrashFilter,)
    view_on_site = False  # only the owner may see the page
    show_full_result_count = False
    list_select_related = ("owner",)
    search_fields = ("title", "owner__email", "public_id")
    searched_key = "title_key"
    search_help_text = "Title, or e-mail of the owner"
    date_hierarchy = "created_at"
    actions = ("restore",)
    fields = (
        "title", "description", "owner", "ordering", "image_count", "size", "created_at", "updated_at", "trashed",
    )  # fmt: skip
    readonly_fields = ("owner", "ordering", "image_count", "size", "created_at", "updated_at", "trashed")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    @admin.display(description="title", ordering="title_key")
    def short_title(self, album: Album) -> str:
        return shorten(album.title)

    @admin.display(description="size", ordering="bytes")
    def size(self, album: Album) -> str:
        return filesize(album.bytes)

    def save_model(self, request: HttpRequest, album: Any, form: Any, change: bool) -> None:
        """Not by `services.change`, which knows living albums alone."""
        super().save_model(request, album, form, change)
        album.save(update_fields=["title_key"])
        replace_words(AlbumWord, [album])

    def remove(self, albums: list[Any]) -> None:
        for album in albums:
            delete_albums(album.owner, Album.objects.filter(pk=album.pk), permanent=True)
