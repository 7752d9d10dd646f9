"""What the OpenAPI schema is told: our own authentication, and parameters that several endpoints take."""

from typing import Any

from drf_spectacular.authentication import SessionScheme as CookieScheme
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter

PERMANENT = OpenApiParameter("permanent", OpenApiTypes.BOOL, description="For ever, not to the trash.")


class BearerScheme(OpenApiAuthenticationExtension):
    """How the schema describes tokens.BearerAuthentication."""

    target_class = "accounts.tokens.BearerAuthentication"
    name = "bearer"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, Any]:
        return {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}


class SessionScheme(CookieScheme):
    """The cookie of DRF's own class, for ours."""

    target_class = "accounts.tokens.SessionAuthentication"
