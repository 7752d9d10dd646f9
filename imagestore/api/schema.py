"""The OpenAPI schema: what holds for many operations is added here, by convention.

A view says its parameters, serializers and successes (`@extend_schema`); the docstring of each method is the
operation's description, its first sentence the summary. Refusals follow from the view's form
(imagestore.api.refusals).
"""

from typing import Any

from drf_spectacular.authentication import SessionScheme as CookieScheme
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ComponentRegistry, ResolvedComponent
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import Direction, OpenApiParameter
from rest_framework.serializers import ModelSerializer

from imagestore.api.refusals import codes_by_status, example, header_names
from imagestore.api.serializers.problems import ProblemSerializer
from imagestore.kit.problems import PROBLEM_JSON

PERMANENT = OpenApiParameter(
    "permanent", OpenApiTypes.BOOL, default=False, description="true: for ever, not to the trash."
)

LOCATION = OpenApiParameter(
    "Location",
    OpenApiTypes.URI,
    OpenApiParameter.HEADER,
    required=True,
    response=[200, 201],
    description="The URL of what was made, or was there already.",
)

_PATH_IDS = {
    "album": "The id of one of your albums.",
    "image": "The id of one of your images.",
    "upload": "The id of one of your resumable uploads.",
    "thing": "The id of an album or image in your trash.",
}

# Of fields in requests. Swagger fills its forms with them; without one it makes up a text that fits the pattern.
_EXAMPLES = {
    "email": "ada@example.org",
    "password": "a long sentence that only you know",
    "invitation": "",
    "title": "Iceland",
    "name": "Ada",
    "description": "",
    "caption": "",
    "sha256": "",
}

_SECONDS = {"type": "integer", "minimum": 1}
# Name in the schema's components -> HTTP name, description, schema, and whether each such answer has it.
HEADERS: dict[str, tuple[str, str, dict[str, Any], bool]] = {
    "RequestId": ("X-Request-ID", "Names this request in the server's log.", {"type": "string"}, True),
    "Challenge": ("WWW-Authenticate", "How to sign in.", {"type": "string"}, True),
    "RetryAfter": ("Retry-After", "Seconds until the next try is worth it.", _SECONDS, True),
    "RetryAfterWhilePending": ("Retry-After", "Seconds; absent when waiting does not help.", _SECONDS, False),
    "FileSize": ("Content-Range", "How many bytes there are: `bytes */2048`.", {"type": "string"}, True),
}  # fmt: skip


class ApiSchema(AutoSchema):
    """Describes one view. DRF makes it from DEFAULT_SCHEMA_CLASS."""

    def get_operation(
        self, path: str, path_regex: str, path_prefix: str, method: str, registry: ComponentRegistry
    ) -> dict[str, Any] | None:
        operation = super().get_operation(path, path_regex, path_prefix, method, registry)
        if operation is None:
            return None
        for parameter in operation.get("parameters", []):
            if parameter["in"] == "path":
                parameter["description"] = _PATH_IDS[parameter["name"]]
        for answer in operation["responses"].values():
            answer["headers"] = {**answer.get("headers", {}), **self._headers(["RequestId"])}
            answer["description"] = answer["description"] or operation["summary"]
        for status, codes in codes_by_status(self.view, self.method, operation).items():
            operation["responses"][str(status)] = self._refusal(status, codes)
        return operation

    def get_summary(self) -> str:
        """The first sentence of the description."""
        return self.get_description().split(". ")[0].split("\n")[0].rstrip(".")

    def get_tags(self) -> list[str]:
        return ["images"] if "/images/" in self.path else super().get_tags()

    def _refusal(self, status: int, codes: list[str]) -> dict[str, Any]:
        problem = self.resolve_serializer(ProblemSerializer, "response").ref
        examples = {code: self._component(ResolvedComponent.EXAMPLE, code, example(code)) for code in codes}
        answer = {
            "description": " or ".join(f"`{code}`" for code in codes),
            "headers": self._headers(header_names(status, codes)),
            "content": {PROBLEM_JSON: {"schema": problem, "examples": examples}},
        }
        return self._component(ResolvedComponent.RESPONSE, "_or_".join(codes), answer)

    def _headers(self, names: list[str]) -> dict[str, Any]:
        headers = {}
        for name in names:
            http_name, description, schema, required = HEADERS[name]
            header = {"description": description, "schema": schema, "required": required}
            headers[http_name] = self._component(ResolvedComponent.HEADER, name, header)
        return headers

    def _component(self, kind: str, name: str, schema: dict[str, Any]) -> dict[str, Any]:
        component = ResolvedComponent(name, kind, schema, object=ApiSchema)
        self.registry.register_on_missing(component)
        return component.ref

    def _postprocess_serializer_schema(
        self, schema: dict[str, Any], serializer: Any, direction: Direction
    ) -> dict[str, Any]:
        """A row's JSON has all its fields, also those that a request may leave out."""
        schema = super()._postprocess_serializer_schema(schema, serializer, direction)
        for name in _EXAMPLES.keys() & schema["properties"].keys() if direction == "request" else ():
            schema["properties"][name]["examples"] = [_EXAMPLES[name]]
        if direction == "response" and isinstance(serializer, ModelSerializer):
            schema["required"] = sorted(schema["properties"])
        return schema


class BearerScheme(OpenApiAuthenticationExtension):
    target_class = "accounts.tokens.BearerAuthentication"
    name = "bearer"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, Any]:
        return {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}


class SessionScheme(CookieScheme):
    """Describes our session class like DRF's own, as a cookie."""

    target_class = "accounts.tokens.SessionAuthentication"
