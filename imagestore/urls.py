"""The whole URL map: pages, signed links, API, admin, health checks, metrics."""

from django.contrib import admin
from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from imagestore.health import live, ready
from imagestore.metrics import metrics

urlpatterns = [
    path("", include("imagestore.portal.urls")),
    path("api/v1/", include("imagestore.api.urls")),
    path("api/schema/", SpectacularAPIView.as_view(), name="schema"),
    path("api/docs/", SpectacularSwaggerSplitView.as_view(url_name="schema"), name="docs"),
    path("admin/", admin.site.urls),
    path("healthz/live", live, name="healthz-live"),
    path("healthz/ready", ready, name="healthz-ready"),
    path("metrics", metrics, name="metrics"),
]

handler400 = "imagestore.kit.errors.bad_request"
handler403 = "imagestore.kit.errors.permission_denied"
handler404 = "imagestore.kit.errors.page_not_found"
handler429 = "imagestore.kit.errors.too_many_requests"  # allauth calls it
handler500 = "imagestore.kit.errors.server_error"
