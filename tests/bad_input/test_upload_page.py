"""The upload page says in plain words what was refused."""

from typing import Any

import pytest

from tests.bad_input.samples import JPEG
from tests.people import Person


@pytest.mark.usefixtures("nothing_left")
def test_the_page_says_in_plain_words_what_was_refused(alice: Person, bob: Person, album: str) -> None:
    portal = alice.portal()
    page, endpoint = f"{alice.base}/albums/{album}/", f"{alice.base}/albums/{album}/upload/"
    form = {"csrfmiddlewaretoken": portal.cookies["csrftoken"]}

    def said(files: list[Any]) -> str:
        answer = portal.post(endpoint, data=form, files=files, headers={"Referer": page})
        assert (answer.status_code, answer.url) == (200, page)
        return answer.text

    assert "Choose at least one picture first." in said([("x", (None, "y"))])
    text = said([("files", ("letter.jpg", b"no picture")), ("files", ("empty.png", b""))])
    assert "letter.jpg: " in text
    assert "empty.png: The file is empty. Nothing was stored." in text
    his = bob.album("His")
    answer = portal.post(f"{alice.base}/albums/{his}/upload/", data=form, files=[("files", JPEG)])
    assert (answer.status_code, "There is nothing at this address" in answer.text) == (404, True)
    bob.delete(f"albums/{his}/?permanent=true", expect=204)
    answer = portal.post(endpoint, data={"csrfmiddlewaretoken": "forged"}, files=[("files", JPEG)])
    assert answer.status_code == 403
    for query in ("cursor=x", "ordering=owner", "page_size=0", "search=%00", "status=doomed"):
        answer = portal.get(f"{page}?{query}")
        assert (answer.status_code, answer.headers["Content-Type"]) == (400, "text/html; charset=utf-8")
