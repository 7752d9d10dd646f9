"""Additions to the OpenAPI schema: our authentication classes, and parameters of several endpoints."""

from typing import Any

from drf_spectacular.authentication import SessionScheme as CookieScheme
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter

PERMANENT = OpenApiParameter("permanent", OpenApiTypes.BOOL, description="For ever, not to the trash.")


class BearerScheme(OpenApiAuthenticationExtension):
    target_class = "accounts.tokens.BearerAuthentication"
    name = "bearer"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, Any]:
        return {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}


class SessionScheme(CookieScheme):
    """Describes our session class like DRF's own, as a cookie."""

    target_class = "accounts.tokens.SessionAuthentication"
