"""The URLs below /api/v1/. An image has each of its URLs twice: by itself and below its album."""

from django.urls import include, path

from imagestore.api import accounts
from imagestore.api.albums import AlbumListView, AlbumView, OrderView
from imagestore.api.batch import BatchView
from imagestore.api.files import ArchiveView, FileView
from imagestore.api.images import ImageListView, ImageView, RetryView
from imagestore.api.resumable import UploadsView, UploadView
from imagestore.api.timeline import AllExistsView, MonthsView, TimelineView
from imagestore.api.trash import RestoreView, TrashedView, TrashView
from imagestore.api.uploads import BulkView, ExistsView

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
    path("auth/register/", accounts.RegisterView.as_view(), name="api-register"),
    path("auth/login/", accounts.LoginView.as_view(), name="api-login"),
    path("auth/refresh/", accounts.RefreshView.as_view(), name="api-refresh"),
    path("auth/verify/", accounts.VerifyView.as_view(), name="api-verify"),
    path("auth/logout/", accounts.LogoutView.as_view(), name="api-logout"),
    path("users/me/", accounts.MeView.as_view(), name="api-me"),
    path("users/me/delete/", accounts.DeleteMeView.as_view(), name="api-me-delete"),
    path("albums/", AlbumListView.as_view(), name="api-albums"),
    path("albums/<uuid:album>/", AlbumView.as_view(), name="api-album"),
    path("albums/<uuid:album>/archive/", ArchiveView.as_view(), name="api-archive"),
    path("albums/<uuid:album>/order/", OrderView.as_view(), name="api-album-order"),
    path("albums/<uuid:album>/images/", ImageListView.as_view(), name="api-images"),
    path("albums/<uuid:album>/images/bulk/", BulkView.as_view(), name="api-images-bulk"),
    path("albums/<uuid:album>/images/exists/", ExistsView.as_view(), name="api-images-exists"),
    path("albums/<uuid:album>/images/<uuid:image>/", include(one_image_in_album)),
    path("images/", TimelineView.as_view(), name="api-timeline"),
    path("images/months/", MonthsView.as_view(), name="api-months"),
    path("images/batch/", BatchView.as_view(), name="api-batch"),
    path("images/exists/", AllExistsView.as_view(), name="api-exists"),
    path("images/<uuid:image>/", include(one_image)),
    path("uploads/", UploadsView.as_view(), name="api-uploads"),
    path("uploads/<uuid:upload>/", UploadView.as_view(), name="api-upload"),
    path("trash/", TrashView.as_view(), name="api-trash"),
    path("trash/<uuid:thing>/", TrashedView.as_view(), name="api-trashed"),
    path("trash/<uuid:thing>/restore/", RestoreView.as_view(), name="api-restore"),
]
