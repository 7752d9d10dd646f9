"""The whole URL map: pages, API, signed links, operators' doors."""

from django.contrib import admin
from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from imagestore.health import live, ready

api = [
    path("", include("accounts.api_urls")),
    path("", include("albums.api_urls")),
    path("", include("images.api_urls")),
]

urlpatterns = [
    path("", include("accounts.urls")),
    path("", include("albums.urls")),
    path("", include("images.urls")),
    path("api/v1/", include(api)),
    path("api/schema/", SpectacularAPIView.as_view(), name="schema"),
    path("api/docs/", SpectacularSwaggerSplitView.as_view(url_name="schema"), name="docs"),
    path("admin/", admin.site.urls),
    path("healthz/live", live, name="healthz-live"),
    path("healthz/ready", ready, name="healthz-ready"),
]

handler400 = "imagestore.errors.bad_request"
handler403 = "imagestore.errors.permission_denied"
handler404 = "imagestore.errors.page_not_found"
handler429 = "imagestore.errors.too_many_requests"  # allauth's
handler500 = "imagestore.errors.server_error"
