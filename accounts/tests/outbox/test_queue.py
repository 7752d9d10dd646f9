"""Each mail of the queue has one sender at a time, and another one when that one dies."""

from datetime import timedelta

import pytest
from django.db import transaction
from django.db.models.functions import Now

from accounts.models import OutgoingMail
from accounts.outbox import queue
from accounts.tests.helpers import in_parallel

pytestmark = pytest.mark.django_db
RESET = OutgoingMail.Kind.RESET


def waiting(count: int = 1) -> list[OutgoingMail]:
    for number in range(count):
        queue.add(RESET, f"user{number}@example.org")
    return list(OutgoingMail.objects.order_by("pk"))


def let_time_pass(time: timedelta) -> None:
    """As if so much time had passed, and a millisecond, as SQLite compares times as texts (…345000 > …345)."""
    time += timedelta(milliseconds=1)
    for mail in OutgoingMail.objects.all():
        due_at = mail.due_at and mail.due_at - time
        OutgoingMail.objects.filter(pk=mail.pk).update(due_at=due_at, created_at=mail.created_at - time)


def claimed() -> OutgoingMail:
    mail = queue.claim()
    assert mail is not None
    return mail


def test_a_claimed_mail_is_claimed_again_only_when_its_lease_has_ended() -> None:
    [mail] = waiting()
    assert queue.claim() == mail
    assert queue.claim() is None
    let_time_pass(queue.CLAIM_LEASE - timedelta(seconds=5))
    assert queue.claim() is None
    let_time_pass(timedelta(seconds=5))
    assert queue.claim() == mail
    assert queue.claim() is None


def test_a_sender_that_lost_its_claim_changes_nothing() -> None:
    waiting()
    slow = claimed()
    let_time_pass(queue.CLAIM_LEASE)
    claimed()
    now = OutgoingMail.objects.values().get()
    for write in (queue.remove, queue.retry, queue.give_up):
        write(slow)
        assert OutgoingMail.objects.values().get() == now


@pytest.mark.django_db(transaction=True)
def test_of_senders_at_once_each_claims_other_mails() -> None:
    waiting(20)

    def claim_all() -> list[OutgoingMail]:
        mails = []
        while mail := queue.claim():
            mails.append(mail)
        return mails

    claims = [mail.pk for mails in in_parallel([claim_all] * 4) for mail in mails]
    assert sorted(claims) == sorted(OutgoingMail.objects.values_list("pk", flat=True))


def test_the_mail_that_is_due_first_leaves_first() -> None:
    first, second, third = waiting(3)
    assert claimed() == first
    queue.retry(claimed(), seconds=0)
    let_time_pass(timedelta(0))
    assert [queue.claim(), queue.claim()] == [third, second]


def test_the_more_often_a_mail_was_refused_the_longer_it_waits() -> None:
    waiting()
    waits = []
    for _ in range(15):
        OutgoingMail.objects.update(due_at=Now())
        queue.retry(claimed())
        row = OutgoingMail.objects.annotate(now=Now()).get()
        assert row.due_at is not None
        waits.append(round((row.due_at - row.now).total_seconds()))
    assert waits == [2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 3600, 3600, 3600, 3600]


@pytest.mark.django_db(transaction=True)
def test_a_mail_comes_and_wakes_the_sender_with_its_transaction() -> None:
    queue.mail_waits.clear()
    with transaction.atomic():
        waiting()
        transaction.set_rollback(True)
    assert not OutgoingMail.objects.exists()
    assert not queue.mail_waits.is_set()
    with transaction.atomic():
        waiting()
        assert not queue.mail_waits.is_set()
    assert queue.mail_waits.is_set()


def test_mails_past_their_days_go_whether_they_wait_or_were_given_up(caplog: pytest.LogCaptureFixture) -> None:
    waiting(2)
    queue.give_up(claimed())
    let_time_pass(timedelta(days=queue.GIVE_UP_DAYS) - timedelta(minutes=1))
    assert queue.forget_expired() == 0
    let_time_pass(timedelta(minutes=1))
    queue.add(RESET, "young@example.org")
    assert queue.forget_expired() == 2
    assert OutgoingMail.objects.get().address == "young@example.org"
    assert [record.getMessage() for record in caplog.records] == [
        "1 mails could not leave for 4 days and are given up"
    ]
