"""Rights of operators × endpoints of the admin: each answers as the table in operators.py says."""

from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.test import Client
from django.urls import reverse

from accounts.models import User
from tests.access.endpoints import routes, signed_in
from tests.access.operators import (
    ALL,
    CHANGE,
    LOOK,
    NEW_PASSWORD,
    PAGES,
    TABLES,
    USER,
    Page,
    Rows,
    operator,
    permissions,
    snapshot,
)
from tests.rows import person

pytestmark = pytest.mark.django_db

# Signing in and out is for everybody; the rest leads from old addresses to new ones, or nowhere.
NO_RIGHTS_NEEDED = {"admin:login", "admin:logout", "admin:None"}
COLUMNS = [*sorted(ALL), "outsider"]


@pytest.fixture
def rows(db: None) -> Rows:
    return Rows()


def serves(page: Page, client: Client, rows: Rows) -> bool:
    """Whether the page was shown, or the change happened. Any other answer must leave every row as it was."""
    before = snapshot()
    answer = page.request(client, rows)
    assert answer.status_code < 500
    if page.body is None and not page.action:
        assert snapshot() == before
        return bool(answer.status_code == 200)
    return snapshot() != before


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_each_page_serves_those_whom_the_table_names(page: Page, rows: Rows) -> None:
    served = set()
    for rights in COLUMNS:
        with transaction.atomic():
            if serves(page, operator(rights), rows):
                served.add(rights)
            transaction.set_rollback(True)
    assert served == page.serves


def test_every_route_of_the_admin_has_a_row_in_the_table() -> None:
    names = {name for name, _ in routes() if name.startswith("admin:")}
    assert names == {f"admin:{page.route}" for page in PAGES} | NO_RIGHTS_NEEDED


def test_every_table_and_every_action_of_the_admin_has_a_row_in_the_table() -> None:
    assert {model._meta.label_lower.replace(".", "_") for model in admin.site._registry} == set(TABLES)
    root = User(is_staff=True, is_superuser=True)
    request: Any = type("Request", (), {"user": root, "GET": {}})()
    for table, model in TABLES.items():
        actions = set(admin.site.get_model_admin(model).get_actions(request))
        known = {
            page.action for page in PAGES if page.action and page.serves and page.route == f"{table}_changelist"
        }
        assert actions == known, table


def test_every_action_names_the_right_that_it_needs() -> None:
    actions = [
        action
        for model in admin.site._registry.values()
        for action, _, _ in model._get_base_actions()  # type: ignore[attr-defined]
    ]
    assert len(actions) > len(TABLES)
    assert [action for action in actions if not getattr(action, "allowed_permissions", None)] == []


# ---- Nobody makes himself a superuser ------------------------------------------------------------


ESCALATIONS = {
    "is_staff": "on",
    "is_superuser": "on",
    "password": "md5$x$y",
    "token_version": "9",
}


@pytest.mark.parametrize("rights", ["all", "change"])
@pytest.mark.parametrize("target", ["user", "peer", "root", "self"])
def test_a_right_to_users_gives_no_rights_to_anybody(rights: str, target: str, rows: Rows) -> None:
    client = operator(rights)
    user = User.objects.get(email=f"{rights}@example.org") if target == "self" else getattr(rows, target)
    every = [str(pk) for pk in Permission.objects.values_list("pk", flat=True)]
    body = {**USER, **ESCALATIONS, "groups": [str(rows.group.pk)], "user_permissions": every}
    before = snapshot()
    client.post(reverse("admin:accounts_user_change", args=[user.pk]), body)
    after = snapshot()
    assert [after[name] for name in ("rights", "members", "of groups")] == [
        before[name] for name in ("rights", "members", "of groups")
    ]
    columns = ("pk", "is_staff", "is_superuser", "password", "token_version")
    assert [[row.get(name) for name in columns] for row in after["accounts_user"]] == [
        [row.get(name) for name in columns] for row in before["accounts_user"]
    ]
    assert (after["accounts_user"] != before["accounts_user"]) == (target == "user")


def test_a_new_user_has_no_rights_whatever_the_form_says(rows: Rows) -> None:
    body = {**USER, **ESCALATIONS, **NEW_PASSWORD, "groups": [str(rows.group.pk)]}
    operator("all").post(reverse("admin:accounts_user_add"), body)
    new = User.objects.get(email=USER["email"])
    assert (new.is_staff, new.is_superuser, new.groups.count(), new.user_permissions.count()) == (
        False,
        False,
        0,
        0,
    )


def test_a_superuser_gives_and_takes_rights(rows: Rows) -> None:
    client = operator("superuser")
    page = reverse("admin:accounts_user_change", args=[rows.user.pk])
    right = str(Permission.objects.get(codename="view_image").pk)
    rights = {"is_staff": "on", "groups": [str(rows.group.pk)], "user_permissions": [right]}
    assert client.post(page, {**USER, **rights}).status_code == 302
    rows.user.refresh_from_db()
    assert rows.user.is_staff
    assert [group.name for group in rows.user.groups.all()] == ["Helpers"]
    assert [each.codename for each in rows.user.user_permissions.all()] == ["view_image"]
    assert client.post(page, USER).status_code == 302
    rows.user.refresh_from_db()
    assert (rows.user.is_staff, rows.user.groups.count(), rows.user.user_permissions.count()) == (False, 0, 0)


def test_a_form_of_an_ordinary_user_writes_no_column_that_it_does_not_change(rows: Rows) -> None:
    """A superuser who makes her an operator while the form is open must not be undone."""
    page = reverse("admin:accounts_user_change", args=[rows.user.pk])
    client = operator("change")
    get_object = admin.site.get_model_admin(User).get_object
    with pytest.MonkeyPatch.context() as patch:

        def got_and_made_operator(*args: Any, **kwargs: Any) -> Any:
            user = get_object(*args, **kwargs)
            User.objects.filter(pk=rows.user.pk).update(is_staff=True, quota_bytes=7)
            return user

        patch.setattr(admin.site.get_model_admin(User), "get_object", got_and_made_operator)
        client.post(page, {"email": rows.user.email, "name": "Changed", "quota_bytes": "", "is_active": "on"})
    rows.user.refresh_from_db()
    assert (rows.user.name, rows.user.is_staff, rows.user.quota_bytes) == ("Changed", True, 7)


def test_one_operator_among_many_chosen_users_stops_the_whole_action(rows: Rows) -> None:
    chosen = {"_selected_action": [rows.user.pk, rows.peer.pk]}
    for action in ({"action": "end_logins"}, {"action": "delete_selected", "post": "yes"}):
        before = snapshot()
        answer = operator("all" if "post" in action else "change").post(
            reverse("admin:accounts_user_changelist"), {**action, **chosen}
        )
        assert answer.status_code == 403
        assert [row for row in snapshot()["accounts_user"] if row in before["accounts_user"]] == before[
            "accounts_user"
        ]
        assert snapshot()["login"] == before["login"]


# ---- What those see who may only look -----------------------------------------------------------


@pytest.mark.parametrize(
    ("rights", "shown"),
    [
        ([], set()),
        (["view_user"], {"Users", "Originals", "Mails waiting", "Mails given up in 4 days"}),
        (["change_user"], {"Users", "Originals", "Mails waiting", "Mails given up in 4 days"}),
        (["view_album"], {"Albums"}),
        (["view_finding"], {"Findings", "Last verify", "Last backup"}),
        (["add_image", "delete_image"], set()),
        (
            ["view_album", "view_image"],
            {
                "Albums", "Images ready", "Images being made", "Images failed", "Images to be made again",
                "Images being received", "Images being deleted", "Images in work now", "Albums in the trash",
                "Images in the trash", "Originals in the trash", "Free on the disk of the images",
                "Space for uploads that arrive",
            },
        ),
    ],
)  # fmt: skip
def test_the_first_page_counts_only_what_one_may_view(rights: list[str], shown: set[str], rows: Rows) -> None:
    user = person("looker", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=rights))
    answer = signed_in(user).get(reverse("admin:index"))
    names = {number.name for number in answer.context["numbers"]} if "numbers" in answer.context else set()
    assert names | {"Free on the disk of the images"} == shown | {"Free on the disk of the images"}
    assert (b"The store now" in answer.content) == bool(shown)


def test_nobody_who_only_looks_sees_the_hash_of_a_password(rows: Rows) -> None:
    for user in (rows.user, rows.peer):
        page = operator("view" if user is rows.user else "change").get(
            reverse("admin:accounts_user_change", args=[user.pk])
        )
        assert page.status_code == 200
        assert user.password.rsplit("$", 1)[-1] not in page.content.decode()


@pytest.mark.parametrize("query", ["password__startswith=md5", "api_logins__current_jti_hash__startswith=a",
                                   "user_permissions__codename=view_user", "_to_field=password"])  # fmt: skip
def test_no_filter_reaches_what_a_list_does_not_show(query: str, rows: Rows) -> None:
    client = operator("view")
    assert client.get(f"{reverse('admin:accounts_user_changelist')}?{query}").status_code in (302, 400)
    assert client.get(f"{reverse('admin:images_image_changelist')}?owner__{query}").status_code in (302, 400)


def test_the_admin_leads_to_no_page_of_a_row_by_its_key(rows: Rows) -> None:
    """Django's redirect would tell any operator the public id of any row, so that he could count them."""
    kind = ContentType.objects.get_for_model(type(rows.image)).pk
    answer = operator("superuser").get(f"/admin/r/{kind}/{rows.image.pk}/")
    assert answer.status_code == 404


def test_who_lacks_a_right_is_told_so(rows: Rows) -> None:
    answer = operator("none").get(reverse("admin:accounts_user_changelist"))
    assert answer.status_code == 403
    page = answer.content.decode()
    assert "A superuser of this store can give your account the right" in page
    assert "Reload" not in page


def test_the_columns_of_the_table_differ() -> None:
    by_rights = {rights: {each.codename for each in permissions(rights)} for rights in ("view", "change", "delete")}
    assert len({frozenset(names) for names in by_rights.values()}) == 3
    assert all(len(names) >= len(TABLES) for names in by_rights.values())
    assert LOOK > CHANGE
    assert Group in TABLES.values()
