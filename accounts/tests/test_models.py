"""Users: one account per mailbox, a ledger that save() leaves alone, passwords that end logins."""

from io import StringIO
from typing import Any
from uuid import RFC_4122

import pytest
from django.contrib.auth.hashers import make_password
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.db import IntegrityError
from django.db.models import F
from django.utils import timezone

from accounts import tokens
from accounts.models import User, id_for, normalise_email, shard_of
from accounts.tests.helpers import PASSWORD, SPELLINGS, me


def test_ids_of_what_an_owner_has_bear_the_owner_and_sort_by_time() -> None:
    ada, ben = User(email="ada@example.org"), User(email="ben@example.org")
    ids = [id_for(ada) for _ in range(1000)]
    assert {(one.version, one.variant) for one in ids} == {(7, RFC_4122)}
    assert {one.int >> 64 & 0xFFF for one in ids} == {shard_of(ada)} != {shard_of(ben)}
    assert len(set(ids)) == len(ids)
    assert ids == sorted(ids)
    assert 0 <= shard_of(ada) < 4096


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_each_spelling_of_an_address_is_that_address(spelling: str) -> None:
    assert normalise_email(spelling) == "ali@example.org"


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("a@bücher.example", "a@xn--bcher-kva.example"),
        ("a@BU\u0308CHER.example", "a@xn--bcher-kva.example"),
        ("a@xn--bcher-kva.example", "a@xn--bcher-kva.example"),
        # Of these, IDNA 2003 makes other domains (RFC 5894, 7.2; UTS 46, 7).
        ("a@faß.example", "a@xn--fa-hia.example"),
        ("a@FAß.example", "a@xn--fa-hia.example"),
        ("a@fass.example", "a@fass.example"),
        ("a@βόλος.example", "a@xn--nxasmm1c.example"),
        ("a@نامه\u200cای.example", "a@xn--mgba3gch31f060k.example"),
        # These are in no IDNA 2008, but there are such domains.
        ("a@💩.example", "a@xn--ls8h.example"),
        ("a@😀.example", "a@xn--e28h.example"),
        ("weiß@example.org", "weiß@example.org"),
        ("WEISS@example.org", "weiss@example.org"),
        ("a@\ue000.example", "a@\ue000.example"),
        ("", ""),
        ("no address", "no address"),
        ("a@..", "a@.."),
        ("a@" + "x" * 64 + ".org", "a@" + "x" * 64 + ".org"),
        ("\ud800@x.org", "\ud800@x.org"),
    ],
)
def test_normalising_gives_one_ascii_spelling_and_never_raises(typed: str, kept: str) -> None:
    assert normalise_email(typed) == kept
    assert normalise_email(kept) == kept


def test_an_address_has_one_account(alice: User) -> None:
    with pytest.raises(IntegrityError):
        User.objects.create_user("ALICE@example.org", PASSWORD)


def test_a_form_that_writes_an_address_normalises_it(alice: User) -> None:
    with pytest.raises(ValidationError, match="has an account already"):
        User(email="ALICE@example.org", password="x").full_clean()


def test_save_does_not_undo_what_happened_meanwhile(alice: User) -> None:
    read_before = User.objects.get(pk=alice.pk)
    User.objects.filter(pk=alice.pk).update(used_bytes=F("used_bytes") + 7, token_version=3)
    read_before.name = "Alicia"
    read_before.save()
    alice.refresh_from_db()
    assert (alice.name, alice.used_bytes, alice.token_version) == ("Alicia", 7, 3)


def test_save_does_not_bring_a_deleted_account_back(alice: User) -> None:
    read_before = User.objects.get(pk=alice.pk)
    User.objects.filter(pk=alice.pk).update(doomed_at=timezone.now(), is_active=False)
    with pytest.raises(IntegrityError):
        read_before.save()


def test_a_doomed_user_cannot_be_active(alice: User) -> None:
    with pytest.raises(IntegrityError):
        User.objects.filter(pk=alice.pk).update(doomed_at=timezone.now())


def test_a_new_password_ends_logins_but_a_new_hash_of_the_old_one_does_not(alice: User, settings: Any) -> None:
    pair = tokens.issue(alice)
    settings.PASSWORD_HASHERS = [
        "django.contrib.auth.hashers.PBKDF2PasswordHasher",
        "django.contrib.auth.hashers.MD5PasswordHasher",
    ]
    assert alice.check_password(PASSWORD)
    assert alice.password.startswith("pbkdf2")
    assert me(pair.access).status_code == 200
    alice.set_password("another one 77")
    alice.save()
    assert me(pair.access).status_code == 401


def test_saving_a_user_whose_password_stayed_ends_nothing(alice: User) -> None:
    pair = tokens.issue(alice)
    alice.save()
    User.objects.filter(pk=alice.pk).update(password=make_password(PASSWORD))
    assert me(pair.access).status_code == 200


def test_changepassword_ends_logins(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    pair = tokens.issue(alice)
    monkeypatch.setattr("getpass.getpass", lambda prompt: "another one 77")
    call_command("changepassword", "alice@example.org", stdout=StringIO())
    assert me(pair.access).status_code == 401


def test_createsuperuser_takes_an_address(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", PASSWORD)
    call_command("createsuperuser", "--noinput", "--email", "Root@Example.org", stdout=StringIO())
    root = User.objects.get_by_natural_key("ROOT@example.org")
    assert (root.email, root.is_staff, root.is_superuser) == ("root@example.org", True, True)
    assert root.check_password(PASSWORD)


def test_the_quota_is_the_users_own_or_the_stores(alice: User, settings: Any) -> None:
    settings.USER_QUOTA_BYTES = None
    assert alice.quota is None
    settings.USER_QUOTA_BYTES = 5
    assert alice.quota == 5
    alice.quota_bytes = 0
    assert alice.quota == 0


def test_a_new_account_has_a_finite_quota(alice: User) -> None:
    assert alice.quota == 10 * 1024**3


def test_models_and_migrations_agree(db: None) -> None:
    call_command("makemigrations", "accounts", "--check", "--dry-run", stdout=StringIO())
