"""The API of images and of the trash. Everything under images/{image}/ is also there under its album."""

from django.urls import include, path

from images.api import (
    BulkView,
    ExistsView,
    FileView,
    ImageListView,
    ImageView,
    RestoreView,
    RetryView,
    TrashedView,
    TrashView,
)

one_image = [
    path("", ImageView.as_view(), name="api-image"),
    path("retry/", RetryView.as_view(), name="api-image-retry"),
    path("file/", FileView.as_view(), name="api-image-file"),
]
one_image_in_album = [
    path("", ImageView.as_view(), name="api-album-image"),
    path("retry/", RetryView.as_view(), name="api-album-image-retry"),
    path("file/", FileView.as_view(), name="api-album-image-file"),
]

urlpatterns = [
    path("albums/<uuid:album>/images/", ImageListView.as_view(), name="api-images"),
    path("albums/<uuid:album>/images/bulk/", BulkView.as_view(), name="api-images-bulk"),
    path("albums/<uuid:album>/images/exists/", ExistsView.as_view(), name="api-images-exists"),
    path("albums/<uuid:album>/images/<uuid:image>/", include(one_image_in_album)),
    path("images/<uuid:image>/", include(one_image)),
    path("trash/", TrashView.as_view(), name="api-trash"),
    path("trash/<uuid:thing>/", TrashedView.as_view(), name="api-trashed"),
    path("trash/<uuid:thing>/restore/", RestoreView.as_view(), name="api-restore"),
]
