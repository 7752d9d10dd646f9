from django.urls import path

from images import views

urlpatterns = [
    path("albums/<uuid:album>/", views.album_detail, name="album-detail"),
    path("albums/<uuid:album>/tiles/", views.album_tiles, name="album-tiles"),
    path("albums/<uuid:album>/upload/", views.Upload.as_view(), name="image-upload"),
    path("images/<uuid:image>/", views.image_detail, name="image-detail"),
    path("images/<uuid:image>/edit/", views.image_edit, name="image-edit"),
    path("images/<uuid:image>/delete/", views.image_delete, name="image-delete"),
    path("images/<uuid:image>/retry/", views.image_retry, name="image-retry"),
    path("images/<uuid:image>/file/", views.image_file, name="image-file"),
    path("trash/", views.trash_list, name="trash"),
    path("trash/empty/", views.trash_empty, name="trash-empty"),
    path("trash/<uuid:thing>/restore/", views.trash_restore, name="trash-restore"),
    path("trash/<uuid:thing>/delete/", views.trash_delete, name="trash-delete"),
    path("media/<uuid:image>/<str:file>", views.signed_file, name="signed-file"),
]
