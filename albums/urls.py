from django.urls import path

from albums import views

urlpatterns = [
    path("albums/", views.album_list, name="album-list"),
    path("albums/new/", views.album_create, name="album-create"),
    path("albums/<uuid:album>/edit/", views.album_edit, name="album-edit"),
    path("albums/<uuid:album>/delete/", views.album_delete, name="album-delete"),
]
