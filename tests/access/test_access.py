"""Endpoints × people: each endpoint answers as the table in endpoints.py says."""

from dataclasses import replace
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from albums.models import Album
from images.delivery.links import links_of
from images.models import Image
from tests.access.endpoints import (
    API,
    ENDPOINTS,
    PAGES,
    PUBLIC,
    Endpoint,
    check_form,
    read_to_end,
    signed_in,
    visit,
)
from tests.rows import World, bearer, person

pytestmark = pytest.mark.django_db


def leads_to_login(answer: Any) -> bool:
    return answer.status_code == 302 and answer.headers["Location"].startswith(f"{reverse('account_login')}?next=")


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=str)
def test_each_endpoint_answers_as_the_table_says(endpoint: Endpoint, world: World) -> None:
    staff = person("staff", is_staff=True, is_superuser=True)
    visitors = {"anonymous": None, "stranger": world.bob, "staff": staff, "owner": world.alice}
    found = {who: visit(endpoint, endpoint.of(world), user).status_code for who, user in visitors.items()}
    assert found == {
        "anonymous": endpoint.anonymous,
        "stranger": endpoint.stranger,
        "staff": endpoint.stranger,
        "owner": endpoint.owner,
    }


@pytest.mark.parametrize("endpoint", [endpoint for endpoint in ENDPOINTS if endpoint.method == "GET"], ids=str)
def test_head_works_wherever_get_does_and_changes_nothing(endpoint: Endpoint, world: World) -> None:
    path = endpoint.of(world)
    before = [list(model.objects.values()) for model in (Album, Image)]
    for user, status in ((None, endpoint.anonymous), (world.bob, endpoint.stranger), (world.alice, endpoint.owner)):
        answer = visit(replace(endpoint, method="HEAD"), path, user)
        assert (answer.status_code, read_to_end(answer).content) == (status, b"")
    assert [list(model.objects.values()) for model in (Album, Image)] == before


def test_a_page_sends_an_anonymous_visitor_to_the_login_and_back(world: World) -> None:
    closed = [endpoint for endpoint in PAGES if endpoint.route not in PUBLIC]
    assert len(closed) > 20
    stray = [str(endpoint) for endpoint in closed if not leads_to_login(visit(endpoint, endpoint.of(world), None))]
    assert stray == []


@pytest.mark.parametrize("endpoint", [endpoint for endpoint in API if endpoint.anonymous == 401], ids=str)
def test_the_api_accepts_a_session_like_a_token(endpoint: Endpoint, world: World) -> None:
    found = [
        visit(endpoint, endpoint.of(world), user, by_session=True).status_code for user in (world.bob, world.alice)
    ]
    assert found == [endpoint.stranger, endpoint.owner]


@pytest.mark.parametrize(
    "endpoint", [endpoint for endpoint in API if endpoint.method != "GET" and endpoint.method != "HEAD"], ids=str
)
def test_the_api_changes_nothing_for_a_session_without_its_csrf_token(endpoint: Endpoint, world: World) -> None:
    client = Client(raise_request_exception=False, enforce_csrf_checks=True)
    client.force_login(world.alice)
    answer = check_form(endpoint, endpoint.request(client, endpoint.of(world)))
    assert (answer.status_code, answer.json()["code"]) == (403, "csrf_failed")


def test_a_deactivated_owner_is_anonymous_at_every_endpoint(world: World) -> None:
    headers, client = bearer(world.alice), signed_in(world.alice)
    User.objects.filter(pk=world.alice.pk).update(is_active=False)
    wrong = {}
    for endpoint in ENDPOINTS:
        answer = endpoint.request(
            *((Client(), endpoint.of(world)) if endpoint.is_api else (client, endpoint.of(world))), **headers
        )
        if read_to_end(answer).status_code != endpoint.anonymous:
            wrong[str(endpoint)] = answer.status_code
    assert wrong == {}


# ---- Signed links ------------------------------------------------------------------------------


def test_a_signed_link_serves_everyone_this_one_file(world: World) -> None:
    links = links_of(world.image)
    assert links.smallest is not None
    for url in (links.original, links.smallest.url):
        for user in (None, world.bob, world.alice):
            client = Client() if user is None else signed_in(user)
            assert read_to_end(client.get(url)).status_code == 200
            assert client.head(url).status_code == 200
    other = links_of(world.failed).original
    name, query = links.original.split("?")
    stolen = [f"{other.split('?')[0]}?{query}", f"{links.smallest.url.split('?')[0]}?{query}", name]
    assert [Client().get(url).status_code for url in stolen] == [404, 404, 404]


def test_no_path_of_the_storage_is_served(world: World) -> None:
    name = world.image.original_file
    paths = [f"/{root}/{name}" for root in ("media", "images", "data/images", "static", "protected", "storage")]
    assert [Client().get(path).status_code for path in paths] == [404] * len(paths)
