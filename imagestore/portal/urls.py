"""The URLs of the portal's pages. Of allauth's views they name only those that this store uses."""

from allauth.account import views as allauth
from django.urls import path, re_path

from imagestore.portal import accounts, albums, files, images, languages, photos, selection, trash, uploads

urlpatterns = [
    path("", accounts.landing, name="landing"),
    path("profile/", accounts.ProfileView.as_view(), name="profile"),
    path("profile/delete/", accounts.DeleteAccountView.as_view(), name="profile-delete"),
    path("accounts/login/", allauth.login, name="account_login"),
    path("accounts/logout/", accounts.LogoutView.as_view(), name="account_logout"),
    path("accounts/signup/", accounts.SignupView.as_view(), name="account_signup"),
    path("accounts/confirm-email/", allauth.email_verification_sent, name="account_email_verification_sent"),
    path("accounts/confirm-email/<str:key>/", accounts.confirm_email, name="account_confirm_email"),
    path("accounts/password/change/", accounts.PasswordChangeView.as_view(), name="account_change_password"),
    path("accounts/password/reset/", allauth.password_reset, name="account_reset_password"),
    path("accounts/password/reset/done/", allauth.password_reset_done, name="account_reset_password_done"),
    re_path(
        r"^accounts/password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
        accounts.PasswordResetFromKeyView.as_view(),
        name="account_reset_password_from_key",
    ),
    path(
        "accounts/password/reset/key/done/",
        allauth.password_reset_from_key_done,
        name="account_reset_password_from_key_done",
    ),
    path("albums/", albums.album_list, name="album-list"),
    path("albums/new/", albums.album_create, name="album-create"),
    path("albums/<uuid:album_id>/edit/", albums.album_edit, name="album-edit"),
    path("albums/<uuid:album_id>/delete/", albums.album_delete, name="album-delete"),
    path("albums/<uuid:album_id>/", albums.album_detail, name="album-detail"),
    path("albums/<uuid:album_id>/tiles/", albums.album_tiles, name="album-tiles"),
    path("albums/<uuid:album_id>/archive/", files.album_archive, name="album-archive"),
    path("albums/<uuid:album_id>/order/", albums.album_order, name="album-order"),
    path("albums/<uuid:album_id>/part/", albums.album_part, name="album-part"),
    path("albums/<uuid:album_id>/upload/", uploads.Upload.as_view(), name="image-upload"),
    path("photos/", photos.photo_list, name="photos"),
    path("photos/tiles/", photos.photo_tiles, name="photo-tiles"),
    path("photos/part/", photos.photo_part, name="photo-part"),
    path("photos/ids/", photos.photo_ids, name="photo-ids"),
    path("photos/selected/", selection.photos_selected, name="photos-selected"),
    path("images/<uuid:image_id>/", images.image_detail, name="image-detail"),
    path("images/<uuid:image_id>/edit/", images.image_edit, name="image-edit"),
    path("images/<uuid:image_id>/change/", images.image_change, name="image-change"),
    path("images/<uuid:image_id>/move/", images.image_move, name="image-move"),
    path("images/<uuid:image_id>/delete/", images.image_delete, name="image-delete"),
    path("images/<uuid:image_id>/retry/", images.image_retry, name="image-retry"),
    path("images/<uuid:image_id>/file/", files.image_file, name="image-file"),
    path("trash/", trash.trash_list, name="trash"),
    path("trash/empty/", trash.trash_empty, name="trash-empty"),
    path("trash/<uuid:item_id>/", trash.trash_detail, name="trash-detail"),
    path("trash/<uuid:item_id>/restore/", trash.trash_restore, name="trash-restore"),
    path("trash/<uuid:item_id>/delete/", trash.trash_delete, name="trash-delete"),
    path("languages/<str:language>/<str:version>.js", languages.catalog, name="language-catalog"),
    path("media/<uuid:image_id>/<str:file>", files.signed_file, name="signed-file"),
]
