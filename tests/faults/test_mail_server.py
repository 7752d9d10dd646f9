"""F25: the mail server is silent, hangs up, is gone, is slow, or refuses one address.

No request waits for it: sign-up, reset and log-in answer as ever. Mails leave later, once each.
"""

import itertools
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext

import pytest
import requests

from tests.faults.conftest import open_store
from tests.faults.mail_servers import Inbox, inbox, listener
from tests.faults.store import Store, wait_for
from tests.people import PASSWORD
from tests.processes import free_port

# The longest that the store waits for an answer of the mail server (s). Longer than SOON, so that a request that
# waited for it would be seen.
ANSWER_SECONDS = 6
# The hash of a password takes a second and a half on a loaded machine; threefold slack (s).
SOON = 5
# The end of the server waits for a mail that is on its way for half of this (s).
END_SECONDS = 6
# The sender pauses for so long at most after the outages of these tests; threefold slack (s).
LATER = 3 * 8

_number = itertools.count(1)


@pytest.fixture(scope="module")
def port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def store(port: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    knobs = {
        "EMAIL_URL": f"smtp://127.0.0.1:{port}", "EMAIL_TIMEOUT": str(ANSWER_SECONDS),
        "EMAIL_VERIFICATION": "mandatory",
    }  # fmt: skip
    started, stack = open_store(tmp_path_factory.mktemp("store"), knobs)
    with stack:
        yield started


class Visitor:
    """Signs up, asks for a reset and logs in; each answer must come soon."""

    def __init__(self, store: Store) -> None:
        self.email, self.store = f"visitor{next(_number)}@example.org", store
        self.http = requests.Session()

    def soon(self, method: str, path: str, **options: object) -> requests.Response:
        started = time.monotonic()
        answer = self.http.request(method, f"{self.store.url}{path}", timeout=10, allow_redirects=False, **options)  # type: ignore[arg-type]
        assert time.monotonic() - started < SOON, f"{method} {path} waited"
        return answer

    def sign_up(self) -> int:
        body = {"email": self.email, "password": PASSWORD}
        return self.soon("POST", "/api/v1/auth/register/", json=body).status_code

    def log_in(self) -> int:
        body = {"email": self.email, "password": PASSWORD}
        return self.soon("POST", "/api/v1/auth/login/", json=body).status_code

    def post_form(self, path: str, **fields: str) -> int:
        self.soon("GET", path)
        form = {**fields, "csrfmiddlewaretoken": self.http.cookies["csrftoken"]}
        return self.soon("POST", path, data=form).status_code

    def does_as_ever(self) -> None:
        """Sign-up and reset promise a mail; a log-in wants the mail's link followed first."""
        assert self.sign_up() == 202
        assert self.log_in() == 401
        assert self.post_form("/accounts/password/reset/", email=self.email) == 302
        assert self.soon("GET", "/healthz/live").status_code == 200

    def confirm(self, mails: Inbox) -> None:
        """Follow the link in the mail; from then on the account can be used."""
        assert self.post_form(mails.link_for(self.email)) == 302
        assert self.log_in() == 200


def visitors(store: Store, count: int) -> list[Visitor]:
    return [Visitor(store) for _ in range(count)]


def waiting(store: Store) -> int:
    return int(store.scalar("SELECT COUNT(*) FROM accounts_outgoingmail WHERE due_at IS NOT NULL"))


def all_left(store: Store) -> None:
    wait_for(lambda: waiting(store) == 0, "the mails to leave", LATER)


FAULTS = ("silent", "hangs up", "gone")


def mail_server(fault: str, port: int) -> AbstractContextManager[None]:
    return nullcontext() if fault == "gone" else listener(port, hangs_up=fault == "hangs up")


@pytest.mark.parametrize("fault", FAULTS)
def test_while_it_takes_no_mail_all_answer_soon_and_the_mails_leave_later(
    store: Store, port: int, fault: str
) -> None:
    people = visitors(store, 2)
    with mail_server(fault, port):
        for person in people:
            person.does_as_ever()
        assert waiting(store) == 2 * len(people)
    with inbox(port) as mails:
        all_left(store)
        # One to confirm the address, and one to reset the password.
        assert mails.counts == {person.email: 2 for person in people}
        confirming = [(to, mail) for to, mail in mails.mails if mail["Subject"].startswith("Confirm")]
        mails.mails = confirming
        assert mails.counts == {person.email: 1 for person in people}
        people[0].confirm(mails)


def test_a_slow_one_gets_each_mail_once(store: Store, port: int) -> None:
    people = visitors(store, 2)
    with inbox(port) as mails:
        mails.answer_seconds, mails.last_answer_seconds = 0.3, 1
        for person in people:
            assert person.sign_up() == 202
            assert person.soon("GET", "/healthz/live").status_code == 200
        all_left(store)
        assert mails.counts == {person.email: 1 for person in people}


def test_a_rejected_address_stops_no_other_and_one_refused_for_now_comes_later(store: Store, port: int) -> None:
    people = visitors(store, 3)
    rejected, later = people[0], people[1]
    with inbox(port) as mails:
        mails.refusals = {rejected.email: [550] * 9, later.email: [450]}
        for person in people:
            assert person.sign_up() == 202
        all_left(store)
        assert mails.counts == {person.email: 1 for person in people[1:]}
        assert len(mails.refusals[rejected.email]) == 8
        later.confirm(mails)
    assert store.scalar("SELECT COUNT(*) FROM accounts_outgoingmail") == 1
    log = store.log.read_text()
    assert '"mail given up, the mail server refuses it"' in log
    assert [person.email for person in people if person.email in log] == []


def test_a_silent_one_does_not_hold_up_the_end_of_the_server(store: Store, port: int) -> None:
    with listener(port, hangs_up=False):
        assert Visitor(store).sign_up() == 202
        wait_for(lambda: store.scalar("SELECT MAX(attempts) FROM accounts_outgoingmail") > 0, "a try", LATER)
        started = time.monotonic()
        store.stop()
        assert time.monotonic() - started < END_SECONDS
