"""The schema tells the limits that the store keeps."""

from typing import Any

import pytest
from django.conf import settings
from drf_spectacular.generators import SchemaGenerator

from accounts.models import EMAIL_LENGTH, NAME_LENGTH
from imagestore.api.serializers.uploads import MAX_HASHES
from imagestore.api.uploads import BulkView
from imagestore.kit.params import SEARCH_LENGTH


@pytest.fixture(scope="module")
def schema() -> Any:
    return SchemaGenerator().get_schema(request=None, public=True)


def test_of_bodies(schema: Any) -> None:
    bodies = schema["components"]["schemas"]
    assert bodies["BulkRequest"]["properties"]["files"]["maxItems"] == settings.MAX_BULK_FILES == BulkView.max_files
    assert bodies["HashesRequest"]["properties"]["sha256"]["maxItems"] == MAX_HASHES
    registration = bodies["RegistrationRequest"]["properties"]
    assert (registration["name"]["maxLength"], registration["email"]["maxLength"]) == (NAME_LENGTH, EMAIL_LENGTH)


def test_of_searches(schema: Any) -> None:
    parameters = schema["paths"]["/api/v1/albums/"]["get"]["parameters"]
    search = next(parameter for parameter in parameters if parameter["name"] == "search")
    assert search["schema"] == {"type": "string", "maxLength": SEARCH_LENGTH}
