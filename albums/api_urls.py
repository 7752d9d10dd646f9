from django.urls import path

from albums.api import AlbumListView, AlbumView

urlpatterns = [
    path("albums/", AlbumListView.as_view(), name="api-albums"),
    path("albums/<uuid:album>/", AlbumView.as_view(), name="api-album"),
]
