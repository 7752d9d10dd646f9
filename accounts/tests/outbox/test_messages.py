"""What a mail says is decided when it leaves, and it goes to accounts alone."""

import re
from uuid import uuid4

import pytest
from allauth.account.models import EmailAddress
from django.core.mail import EmailMessage
from django.test import Client
from django.utils import timezone
from django.utils.translation import get_language, override

from accounts.models import OutgoingMail, User
from accounts.outbox import queue
from accounts.outbox.messages import compose

pytestmark = pytest.mark.django_db


def reset(address: str) -> EmailMessage | None:
    return compose(OutgoingMail(kind=OutgoingMail.Kind.RESET, address=address))


def confirm(user: User, address: str = "") -> EmailMessage | None:
    mail = OutgoingMail(kind=OutgoingMail.Kind.CONFIRM, address=address or user.email, account=user.public_id)
    return compose(mail)


def link_in(message: EmailMessage | None) -> str:
    assert message is not None
    [link] = re.findall(r"^http://localhost:9999(\S+)$", str(message.body), re.MULTILINE)
    return str(link)


def test_no_account_no_mail(alice: User, bob: User) -> None:
    User.objects.filter(pk=bob.pk).update(is_active=False, doomed_at=timezone.now())
    assert reset("nobody@example.org") is None
    assert reset(bob.email) is None
    assert confirm(bob) is None
    assert confirm(User(email="nobody@example.org")) is None


@pytest.mark.parametrize("address", ("alice@example.org", "álice@example.org"))
def test_a_reset_goes_to_the_address_of_the_account_alone(alice: User, address: str) -> None:
    """Some databases take á and a for equal: the second address may find alice, and must not get her key."""
    message = reset(address)
    assert message is None or message.to == ["alice@example.org"]
    assert message is not None or address != alice.email


def test_the_key_of_a_reset_is_new_when_the_mail_leaves_and_stands_in_no_row(alice: User) -> None:
    link = link_in(reset(alice.email))
    assert "form" in Client().get(link, follow=True).context
    columns = {field.name for field in OutgoingMail._meta.fields}
    of_the_sender = {"attempts", "due_at", "created_at"}
    of_the_request = {"address", "account", "from_known_browser", "language"}
    assert columns == {"id", "public_id", "kind"} | of_the_request | of_the_sender


def test_the_account_that_asked_is_to_confirm_its_address_until_it_has(alice: User) -> None:
    link = link_in(confirm(alice))
    assert not EmailAddress.objects.get(user=alice).verified
    assert Client().post(link).status_code == 302
    assert EmailAddress.objects.get(user=alice).verified
    assert confirm(alice) is None


def test_a_sign_up_with_a_taken_address_tells_its_owner_and_gives_no_key(alice: User) -> None:
    other = User(email=alice.email, public_id=uuid4())
    message = confirm(other)
    assert message is not None
    assert (message.to, message.subject) == ([alice.email], "You have an account already")
    assert link_in(message) == "/accounts/password/reset/"


def test_a_mail_that_leaves_twice_has_one_message_id(alice: User) -> None:
    mail = OutgoingMail(kind=OutgoingMail.Kind.RESET, address=alice.email)
    first, second = compose(mail), compose(mail)
    assert first is not None
    assert second is not None
    assert first.message()["Message-ID"] == second.message()["Message-ID"] == f"<{mail.public_id}@localhost:9999>"


@pytest.mark.parametrize(
    ("of_account", "of_request", "subject"),
    [
        ("de", "en", "Neues Passwort setzen"),
        ("en", "de", "Set a new password"),
        ("", "de", "Neues Passwort setzen"),
        # A row of a server that knew no languages yet.
        ("", "", "Set a new password"),
    ],
)
def test_the_language_is_that_of_the_account_else_of_the_request(
    alice: User, of_account: str, of_request: str, subject: str
) -> None:
    User.objects.filter(pk=alice.pk).update(language=of_account)
    message = compose(OutgoingMail(kind=OutgoingMail.Kind.RESET, address=alice.email, language=of_request))
    assert message is not None
    assert message.subject == subject
    assert get_language() == "en"


def test_a_request_leaves_its_language_in_the_queue(db: None) -> None:
    with override("de"):
        queue.add(OutgoingMail.Kind.RESET, "alice@example.org")
    assert OutgoingMail.objects.get().language == "de"


def test_a_test_mail_needs_no_account_and_holds_no_link() -> None:
    message = compose(OutgoingMail(kind=OutgoingMail.Kind.TEST, address="ada@example.org"))
    assert message is not None
    assert (message.to, message.subject) == (["ada@example.org"], "Test mail")
    assert "This is a test" in str(message.body)
    assert "http" not in str(message.body)
