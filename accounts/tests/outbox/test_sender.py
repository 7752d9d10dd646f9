"""The sender and a mail server that takes, refuses, fails or says nothing."""

import smtplib
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.core.mail import EmailMessage

from accounts.adapter import AccountAdapter
from accounts.models import OutgoingMail, User
from accounts.outbox import queue, sender
from accounts.outbox.sender import Sender
from accounts.services import ask_for_reset
from accounts.tests.outbox.test_queue import let_time_pass

pytestmark = pytest.mark.django_db
PEOPLE = [f"user{number}@example.org" for number in range(3)]


class MailServer:
    """A backend of Django's: raises the errors it is told to, one a try, then takes the mail."""

    def __init__(self) -> None:
        self.errors: dict[str, list[BaseException]] = defaultdict(list)
        self.taken: list[EmailMessage] = []
        self.tries: list[str] = []

    def open(self) -> None:
        if self.errors["connection"]:
            self.tries.append("connection")
            raise self.errors["connection"].pop(0)

    def close(self) -> None:
        raise smtplib.SMTPServerDisconnected

    def send_messages(self, messages: list[EmailMessage]) -> None:
        [message] = messages
        [address] = message.to
        self.tries.append(address)
        if self.errors[address]:
            raise self.errors[address].pop(0)
        self.taken.append(message)

    @property
    def mailboxes(self) -> list[str]:
        return [address for message in self.taken for address in message.to]


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> MailServer:
    made = MailServer()
    monkeypatch.setattr(sender, "get_connection", lambda: made)
    return made


@pytest.fixture
def people() -> Iterator[list[str]]:
    """Three users with an account, each of whom waits for a mail."""
    for email in PEOPLE:
        User.objects.create_user(email)
        ask_for_reset(email)
    return PEOPLE


def send(one: Sender | None = None) -> None:
    (one or Sender()).send_due(threading.Event())


def refused(code: int, address: str) -> smtplib.SMTPException:
    return smtplib.SMTPRecipientsRefused({address: (code, f"no such mailbox {address}".encode())})


def logged(caplog: pytest.LogCaptureFixture) -> str:
    return str([record.__dict__ for record in caplog.records])


def test_mails_leave_once_each_and_their_rows_with_them(server: MailServer, people: list[str]) -> None:
    send()
    send()
    assert server.mailboxes == people
    assert not OutgoingMail.objects.exists()


@pytest.mark.parametrize("code", (550, 554))
def test_a_rejected_address_is_given_up_and_stops_no_other(
    server: MailServer, people: list[str], code: int, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    as_spam = smtplib.SMTPDataError(554, b"spam for user0@example.org")
    server.errors[people[0]] = [as_spam if code == 554 else refused(code, people[0])]
    send()
    let_time_pass(timedelta(days=1))
    send()
    assert server.mailboxes == people[1:]
    assert server.tries == people
    assert OutgoingMail.objects.get().due_at is None
    assert f"'code': {code}" in logged(caplog)
    assert "example.org" not in logged(caplog)


def test_an_address_that_is_refused_for_now_gets_its_mail_later(server: MailServer, people: list[str]) -> None:
    server.errors[people[0]] = [refused(450, people[0]), smtplib.SMTPDataError(451, b"try again")]
    send()
    assert server.mailboxes == people[1:]
    for wait_seconds in (2, 4):
        send()
        assert server.mailboxes == people[1:]
        let_time_pass(timedelta(seconds=wait_seconds))
    send()
    assert server.mailboxes == [*people[1:], people[0]]


FAILURES: dict[str, Callable[[], OSError]] = {
    "refused connection": ConnectionRefusedError,
    "silence": TimeoutError,
    "no such host": lambda: OSError("Name or service not known"),
    "hangs up": lambda: smtplib.SMTPServerDisconnected("Connection unexpectedly closed"),
    "greets with an error": lambda: smtplib.SMTPConnectError(554, b"no"),
    "wrong password": lambda: smtplib.SMTPAuthenticationError(535, b"no"),
}
LATE_FAILURES: dict[str, Callable[[], OSError]] = {
    "silence": lambda: smtplib.SMTPServerDisconnected("timed out"),
    "wrong sender": lambda: smtplib.SMTPSenderRefused(550, b"no", "noreply@example.org"),
    "closing down": lambda: refused(421, PEOPLE[0]),
}


@pytest.mark.parametrize(
    ("where", "failure"),
    [("connection", failure) for failure in FAILURES.values()]
    + [(PEOPLE[0], failure) for failure in LATE_FAILURES.values()],
    ids=[*FAILURES, *LATE_FAILURES],
)
def test_while_the_server_fails_one_mail_is_tried_and_none_is_lost(
    server: MailServer, people: list[str], where: str, failure: Callable[[], OSError]
) -> None:
    server.errors[where] = [failure()]
    send()
    assert (server.tries, server.mailboxes) == ([where], [])
    let_time_pass(timedelta(seconds=1))
    send()
    assert sorted(server.mailboxes) == people
    assert not OutgoingMail.objects.exists()


def test_the_longer_the_server_fails_the_more_rarely_it_is_tried(server: MailServer, people: list[str]) -> None:
    one, pauses = Sender(), []
    for _ in range(8):
        server.errors["connection"] = [ConnectionRefusedError()]
        send(one)
        pauses.append(one._backoff.seconds)
        let_time_pass(timedelta(seconds=60))
    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60]
    send(one)
    assert sorted(server.mailboxes) == people
    assert one._backoff.failures == 0


def test_a_server_that_was_gone_for_a_day_gets_every_mail(server: MailServer, people: list[str]) -> None:
    server.errors["connection"] = [ConnectionRefusedError()]
    send()
    let_time_pass(timedelta(days=1))
    send()
    assert sorted(server.mailboxes) == people


def test_a_mail_that_cannot_be_made_stops_no_other(
    server: MailServer, people: list[str], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    compose = sender.compose

    def fail_for_the_first(mail: OutgoingMail) -> Any:
        if mail.address == people[0]:
            raise ValueError(f"Invalid address {mail.address}")
        return compose(mail)

    monkeypatch.setattr(sender, "compose", fail_for_the_first)
    send()
    assert server.mailboxes == people[1:]
    assert "ValueError" in logged(caplog)
    assert "example.org" not in logged(caplog)


def test_a_mail_whose_sender_was_killed_leaves_once_more_after_the_lease_and_no_further_time(
    server: MailServer, monkeypatch: pytest.MonkeyPatch, alice: User
) -> None:
    ask_for_reset(alice.email)
    with monkeypatch.context() as killing:
        killing.setattr(queue, "remove", lambda mail: exit())
        with pytest.raises(SystemExit):
            send()
    assert server.mailboxes == [alice.email]
    send()
    assert server.mailboxes == [alice.email]
    let_time_pass(queue.CLAIM_LEASE)
    send()
    let_time_pass(queue.CLAIM_LEASE)
    send()
    assert server.mailboxes == [alice.email] * 2
    first, second = server.taken
    assert first.extra_headers["Message-ID"] == second.extra_headers["Message-ID"]


# ---- How many ---------------------------------------------------------------------------------


def test_asked_again_within_three_minutes_a_mailbox_gets_one_mail(server: MailServer, people: list[str]) -> None:
    for _ in range(4):
        ask_for_reset(people[0])
    send()
    ask_for_reset(people[0])
    send()
    assert server.mailboxes == people
    assert not OutgoingMail.objects.exists()


def test_a_mailbox_gets_ten_mails_a_day_of_one_kind(server: MailServer, alice: User, time_machine: Any) -> None:
    time_machine.move_to("2026-01-01T00:00:00Z")
    for _ in range(25):
        ask_for_reset(alice.email)
        send()
        time_machine.shift(timedelta(minutes=4))
    assert len(server.taken) == 10
    time_machine.shift(timedelta(days=1))
    ask_for_reset(alice.email)
    send()
    assert len(server.taken) == 11


def test_a_stranger_who_signs_up_with_an_address_keeps_no_mail_from_its_owner(
    server: MailServer, alice: User
) -> None:
    for asking in (User(email=alice.email), alice):
        queue.add(OutgoingMail.Kind.CONFIRM, alice.email, account=asking.public_id)
    ask_for_reset(alice.email)
    send()
    assert server.mailboxes == [alice.email] * 3


def test_a_mail_that_did_not_leave_does_not_count(server: MailServer, people: list[str]) -> None:
    server.errors[people[0]] = [refused(550, people[0])]
    send()
    ask_for_reset(people[0])
    send()
    assert sorted(server.mailboxes) == people


# ---- In its thread ----------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_it_is_woken_by_a_mail_and_ends_at_once(
    server: MailServer, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sender, "POLL_SECONDS", 60)
    stopping = threading.Event()
    thread = threading.Thread(target=Sender().run, args=[stopping])
    thread.start()
    try:
        time.sleep(0.2)
        ask_for_reset(alice.email)
        deadline = time.monotonic() + 10
        while not server.taken:
            assert time.monotonic() < deadline
            time.sleep(0.01)
    finally:
        stopping.set()
        queue.mail_waits.set()
        thread.join(10)
    assert not thread.is_alive()


def test_no_request_can_send_a_mail_by_allauth(db: None) -> None:
    with pytest.raises(NotImplementedError):
        AccountAdapter().send_mail("account/email/password_changed", "alice@example.org", {})


def test_test_mails_of_an_operator_have_no_limit(server: MailServer) -> None:
    for _ in range(3):
        queue.add(OutgoingMail.Kind.TEST, "operator@example.org")
    send()
    assert server.mailboxes == ["operator@example.org"] * 3
