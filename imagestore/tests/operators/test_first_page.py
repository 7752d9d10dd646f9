"""The first page of the admin: why images failed, how the store grows, the last runs, and its buttons."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import OutgoingMail
from accounts.outbox import queue
from images import census
from images.models import Image, LastRun, Status
from images.tests.helpers import lose, user
from images.upkeep.verify import Options, verify
from imagestore.operators import first_page
from imagestore.operators.management.commands import send_test_mail
from imagestore.operators.templatetags import operations
from imagestore.tests.operators.helpers import holiday_of

pytestmark = pytest.mark.django_db


def page(admin) -> str:
    return admin.get(reverse("admin:index")).content.decode()


def fail(images, code="damaged"):
    Image.objects.filter(pk__in=[image.pk for image in images]).update(status=Status.FAILED, error_code=code)


# ---- Failures ------------------------------------------------------------------------------------


def test_reasons_are_told_with_their_images_and_lead_to_them(admin):
    _, images = holiday_of(user(), 3)
    fail(images[:2])
    fail(images[2:], "crashed")
    shown = admin.get(reverse("admin:index")).context["failures"]
    assert [(failure.code, failure.images) for failure in shown] == [("damaged", "2"), ("crashed", "1")]
    assert shown[0].sentence.startswith("This picture is damaged")
    assert admin.get(shown[0].url).context["cl"].result_count == 2


def test_one_press_processes_those_of_one_reason_again(admin):
    _, images = holiday_of(user(), 3)
    fail(images[:2])
    fail(images[2:], "crashed")
    answer = admin.post(reverse("admin:process_again"), {"reason": "damaged"}, follow=True)
    assert "2 images will be processed again." in answer.content.decode()
    assert list(Image.objects.order_by("pk").values_list("status", flat=True)) == ["pending", "pending", "failed"]


def test_a_press_is_bounded_and_says_that_more_are_left(admin, monkeypatch):
    _, images = holiday_of(user(), 3)
    fail(images)
    monkeypatch.setattr(first_page, "AT_ONCE", 2)
    answer = admin.post(reverse("admin:process_again"), {"reason": "damaged"}, follow=True)
    assert "2 images will be processed again. Press the button again for the rest." in answer.content.decode()


@pytest.mark.parametrize("body", [{}, {"reason": "no such"}, {"reason": "x" * 10_000}])
def test_an_unknown_reason_processes_nothing(admin, body):
    fail(holiday_of(user())[1])
    admin.post(reverse("admin:process_again"), body)
    assert not Image.objects.exclude(status=Status.FAILED).exists()


def test_the_buttons_need_a_post_and_the_token_of_their_form(admin):
    root = user("eve@example.org", is_staff=True, is_superuser=True)
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(root)
    for name in ("process_again", "test_mail"):
        path = reverse(f"admin:{name}")
        assert (admin.get(path).status_code, strict.post(path).status_code) == (405, 403)
    assert not OutgoingMail.objects.exists()


def test_who_may_only_look_gets_no_button(client):
    looker = user("looker@example.org", is_staff=True)
    looker.user_permissions.set(Permission.objects.filter(codename="view_image"))
    client.force_login(looker)
    fail(holiday_of(user())[1])
    assert "This picture is damaged" in page(client)
    assert "Process again" not in page(client)
    assert client.post(reverse("admin:process_again"), {"reason": "damaged"}).status_code == 403


# ---- Growth --------------------------------------------------------------------------------------


def test_months_count_the_images_that_were_uploaded_in_them(admin):
    _, images = holiday_of(user(), 3)
    today = timezone.now().date()
    last_month = today.replace(day=1) - timedelta(days=1)
    moved = census._first_id(last_month.replace(day=1))
    Image.objects.filter(pk=images[0].pk).update(public_id=moved)
    bars = admin.get(reverse("admin:index")).context["months"]
    assert [(bar.month, bar.images, bar.percent) for bar in bars[-2:]] == [
        (f"{last_month:%B %Y}", "1", 50), (f"{today:%B %Y}", "2", 100),
    ]  # fmt: skip
    assert len(bars) == 12
    assert "style=" not in page(admin).split("Images by the month")[1].split("</table>")[0]


def test_a_store_without_images_has_empty_bars(admin):
    assert {bar.percent for bar in admin.get(reverse("admin:index")).context["months"]} == {0}


# ---- The last runs ---------------------------------------------------------------------------------


def test_the_last_runs_are_told_with_what_they_have_lost(admin):
    assert "Last backup" in page(admin)
    assert operations._told(None) == "never"
    LastRun.objects.note(LastRun.BACKUP, losses=0)
    LastRun.objects.note(LastRun.VERIFY, losses=2)
    LastRun.objects.update(ended_at=timezone.now() - timedelta(days=3))
    shown = {number.name: number.value.replace("\xa0", " ") for number in operations._upkeep()}
    assert shown == {
        "Last backup": "3 days ago", "Last verify": "3 days ago, 2 files missing, damaged or unknown",
    }  # fmt: skip


def test_verify_leaves_when_it_came_to_its_end():
    _, images = holiday_of(user())
    call_command("verify")
    assert [(run.work, run.losses) for run in LastRun.objects.all()] == [("verify", 0)]
    assert timezone.now() - LastRun.objects.get().ended_at < timedelta(minutes=1)
    lose(images[0].original_file)
    unfinished = verify(Options())
    next(unfinished)
    unfinished.close()
    assert LastRun.objects.get().losses == 0
    list(verify(Options()))
    assert LastRun.objects.get().losses == 1


# ---- Test mails ------------------------------------------------------------------------------------


def test_a_test_mail_goes_to_the_operator_who_asks(admin, settings):
    settings.EMAIL_HOST = ""
    answer = admin.post(reverse("admin:test_mail"), {"address": "victim@example.org"}, follow=True)
    assert "mails go to the server&#x27;s log only" in answer.content.decode()
    assert [(mail.kind, mail.address) for mail in OutgoingMail.objects.all()] == [("test", "root@example.org")]
    settings.EMAIL_HOST = "mail.example.org"
    assert "log only" not in page(admin)


def test_test_mails_of_one_operator_are_limited(admin, monkeypatch):
    monkeypatch.setattr(first_page, "TEST_MAILS_PER_HOUR", 1)
    for _ in range(3):
        assert admin.post(reverse("admin:test_mail")).status_code == 302
    assert OutgoingMail.objects.count() == 1


@pytest.fixture
def impatient(monkeypatch):
    monkeypatch.setattr(send_test_mail, "WAIT_SECONDS", 0.2)
    monkeypatch.setattr(send_test_mail, "POLL_SECONDS", 0.01)


@pytest.mark.parametrize(
    ("fate", "told"),
    [(queue.remove, "It has left."), (queue.give_up, "refuses it for ever"), (lambda mail: None, "It still waits")],
)
def test_the_command_says_what_became_of_its_mail(fate, told, impatient, monkeypatch, capsys):
    add = queue.add

    def add_and_send(*args):
        mail = add(*args)
        fate(mail)
        return mail

    monkeypatch.setattr(queue, "add", add_and_send)
    if told == "It has left.":
        call_command("send_test_mail", "Ada@Example.org")
        assert told in capsys.readouterr().out
    else:
        with pytest.raises(CommandError, match=told):
            call_command("send_test_mail", "ada@example.org")


@pytest.mark.parametrize("address", ["", "ada", "ada@", "a@b.c\nBcc: d@e.f", "x" * 300 + "@example.org"])
def test_the_command_refuses_what_is_no_address(address):
    with pytest.raises(CommandError):
        call_command("send_test_mail", address)
    assert not OutgoingMail.objects.exists()
