"""Addresses for mails are below SITE_URL; paths of many rows are those that Django's `reverse` gives."""

from uuid import uuid4

import pytest
from django.urls import get_script_prefix, reverse, set_script_prefix

from imagestore.kit.addresses import address_of, path_of


@pytest.mark.parametrize(
    "route", ["album-detail", "image-detail", "api-album", "api-image", ("signed-file", "thumb.v1.jpg")]
)
def test_a_path_is_the_one_that_reverse_gives(route):
    name, *more = [route] if isinstance(route, str) else route
    for _ in range(2):
        public_id = uuid4()
        assert path_of(name, public_id, *more) == reverse(name, args=[public_id, *more])


def test_below_another_prefix_paths_begin_with_it():
    public_id, prefix = uuid4(), get_script_prefix()
    path_of("album-detail", public_id)
    try:
        set_script_prefix("/store/")
        assert path_of("album-detail", public_id) == f"/store/albums/{public_id}/"
    finally:
        set_script_prefix(prefix)


@pytest.mark.parametrize("prefix", ["/", "/photos/"])
def test_an_address_is_the_same_in_threads_that_know_no_prefix(settings, prefix):
    settings.SITE_URL = "https://example.org/photos"
    before = get_script_prefix()
    try:
        set_script_prefix(prefix)
        assert address_of("account_confirm_email", "key") == f"{settings.SITE_URL}/accounts/confirm-email/key/"
    finally:
        set_script_prefix(before)
