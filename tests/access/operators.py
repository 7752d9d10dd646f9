"""The admin's endpoints with the rights that each needs: the table of operators.

An operator is a user with `is_staff`. Each column is an operator with one kind of right to all tables of the admin.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.contrib.auth.models import Group, Permission
from django.db.models import Model
from django.test import Client
from django.urls import reverse

from accounts.models import ApiLogin, Invitation, OutgoingMail, User
from albums.models import Album
from images.deletion.trash import trash_images
from images.models import Finding, Image, Status, Upload
from images.tests.uploads.resumable import begun
from tests.access.endpoints import signed_in
from tests.rows import album_of, bearer, image_in, person

# Whose right lets a request pass.
ALL = {"superuser", "all", "view", "add", "change", "delete", "none"}
LOOK = {"superuser", "all", "view", "change"}
ADD = {"superuser", "all", "add"}
CHANGE = {"superuser", "all", "change"}
DELETE = {"superuser", "all", "delete"}
ROOT = {"superuser"}
NOBODY: set[str] = set()

TABLES: dict[str, type[Model]] = {
    "accounts_user": User,
    "accounts_invitation": Invitation,
    "albums_album": Album,
    "images_image": Image,
    "images_finding": Finding,
    "images_upload": Upload,
    "auth_group": Group,
}
NEW_PASSWORD = {"usable_password": "true", "password1": "another one 77", "password2": "another one 77"}


@dataclass
class Rows:
    """One row of each table; users are ordinary, or operators."""

    user: User = field(default_factory=lambda: person("carol"))
    peer: User = field(default_factory=lambda: person("dora", is_staff=True))
    root: User = field(default_factory=lambda: person("eve", is_staff=True, is_superuser=True))
    sleeping_root: User = field(default_factory=lambda: person("fay", is_superuser=True))
    album: Album = field(init=False)
    image: Image = field(init=False)
    trashed_album: Album = field(init=False)
    trashed: Image = field(init=False)
    failed: Image = field(init=False)
    finding: Finding = field(init=False)
    group: Group = field(init=False)
    invitation: Invitation = field(init=False)
    upload: Upload = field(init=False)

    def __post_init__(self) -> None:
        self.album = album_of(self.user)
        self.image = image_in(self.album)
        self.trashed = image_in(self.album)
        trash_images(self.user, Image.objects.filter(pk=self.trashed.pk))
        self.failed = image_in(self.album, status=Status.FAILED, error_code="damaged", error_detail="Cut off.")
        self.trashed_album = album_of(self.user, "Old")
        Album.objects.filter(pk=self.trashed_album.pk).update(trashed_at=self.album.created_at)
        Finding.objects.note(kind=Finding.Kind.UNKNOWN_FILE, file="x", detail="", image=None)
        self.finding = Finding.objects.get()
        self.group = Group.objects.create(name="Helpers")
        self.invitation = Invitation.objects.create(token_hash="0" * 64)
        self.upload = begun(self.album, b"x")
        for each in (self.user, self.peer, self.root, self.sleeping_root):
            bearer(each)


@dataclass(frozen=True)
class Page:
    """A request to the admin, and the operators whom it serves (a page is shown, or a change happens)."""

    route: str
    serves: set[str]
    row: str = ""
    """The attribute of `Rows` that stands in the path, or that an action chooses."""
    body: dict[str, str] | None = None
    """What is posted; without it, GET."""
    action: str = ""

    def __str__(self) -> str:
        verb = "GET" if self.body is None and not self.action else "POST"
        return " ".join(part for part in (verb, self.route, self.action, self.row) if part)

    def request(self, client: Client, rows: Rows) -> Any:
        row = getattr(rows, self.row) if self.row else None
        if self.action:
            chosen = {"action": self.action, "_selected_action": [row.pk], **(self.body or {})}
            return client.post(reverse(f"admin:{self.route}"), chosen)
        arguments = self.arguments(row)
        path = reverse(f"admin:{self.route}", args=arguments)
        return client.get(path) if self.body is None else client.post(path, self.body)

    def arguments(self, row: Any) -> list[Any]:
        if self.route == "app_list":
            return ["images"]
        return [] if row is None else [row.pk]


def pages_of(
    table: str, row: str, *, change: dict[str, str], may_change: set[str], may_delete: set[str]
) -> list[Page]:
    """What every table of the admin has."""
    return [
        Page(f"{table}_changelist", LOOK),
        Page(f"{table}_change", LOOK, row),
        Page(f"{table}_history", LOOK, row),
        Page(f"{table}_change", may_change, row, change),
        Page(f"{table}_delete", may_delete, row),
        Page(f"{table}_delete", may_delete, row, {"post": "yes"}),
        # The list with the action is for those who may look at it.
        Page(f"{table}_changelist", may_delete & LOOK, row, {"post": "yes"}, "delete_selected"),
    ]


USER = {"email": "changed@example.org", "name": "Changed", "quota_bytes": "5", "is_active": "on"}


def pages_of_users() -> list[Page]:
    """An operator's account is for superusers alone, whatever right others have to users."""
    ordinary = pages_of("accounts_user", "user", change=USER, may_change=CHANGE, may_delete=DELETE)
    operators = [
        Page(each.route, ROOT if each.body is not None or "_delete" in each.route else each.serves, row, each.body,
             each.action)
        for row in ("peer", "root", "sleeping_root")
        for each in ordinary
        if each.row
    ]  # fmt: skip
    passwords = [
        Page("auth_user_password_change", serves, row, body)
        for row, serves in (("user", CHANGE), ("peer", ROOT), ("root", ROOT), ("sleeping_root", ROOT))
        for body in (None, NEW_PASSWORD)
    ]
    ends = [
        Page("accounts_user_changelist", CHANGE if row == "user" else ROOT, row, None, "end_logins")
        for row in ("user", "peer", "root", "sleeping_root")
    ]
    # Django lets only those add a user who may change users, too.
    add = {"superuser", "all"}
    body = {"email": "new@example.org", **NEW_PASSWORD}
    adding = [Page("accounts_user_add", add), Page("accounts_user_add", add, "", body)]
    return [*ordinary, *operators, *passwords, *ends, *adding]


INVITATION = {"email": "guest@example.org", "expires_at_0": "2099-01-01", "expires_at_1": "00:00:00"}

PAGES = [
    Page("index", ALL),
    Page("jsi18n", ALL),
    Page("password_change", ALL),
    Page("password_change_done", ALL),
    Page("process_again", CHANGE, "", {"reason": "damaged"}),
    # To the operator's own address.
    Page("test_mail", ALL, "", {}),
    # A list of the tables that one may see; 404 where there is none.
    Page("app_list", LOOK | {"delete"}),
    # No form of ours offers choices by it.
    Page("autocomplete", NOBODY),
    *pages_of_users(),
    *pages_of(
        "accounts_invitation", "invitation", change={"email": "g@example.org"}, may_change=NOBODY, may_delete=DELETE
    ),
    Page("accounts_invitation_add", ADD),
    Page("accounts_invitation_add", ADD, "", INVITATION),
    *pages_of("albums_album", "album", change={"title": "Changed"}, may_change=CHANGE, may_delete=DELETE),
    Page("albums_album_add", NOBODY),
    Page("albums_album_add", NOBODY, "", {"title": "New"}),
    Page("albums_album_changelist", CHANGE, "trashed_album", None, "restore"),
    *pages_of("images_image", "image", change={"name": "changed.jpg"}, may_change=CHANGE, may_delete=DELETE),
    Page("images_image_add", NOBODY),
    Page("images_image_add", NOBODY, "", {"name": "new.jpg"}),
    Page("images_image_changelist", CHANGE, "trashed", None, "restore"),
    Page("images_image_changelist", CHANGE, "failed", None, "process_again"),
    *pages_of("images_finding", "finding", change={"detail": "Changed"}, may_change=NOBODY, may_delete=NOBODY),
    Page("images_finding_add", NOBODY),
    Page("images_finding_add", NOBODY, "", {"detail": "New"}),
    *pages_of("images_upload", "upload", change={"name": "Changed"}, may_change=NOBODY, may_delete=DELETE),
    Page("images_upload_add", NOBODY),
    Page("images_upload_add", NOBODY, "", {"name": "New"}),
    *pages_of("auth_group", "group", change={"name": "Changed"}, may_change=ROOT, may_delete=ROOT),
    Page("auth_group_add", ROOT),
    Page("auth_group_add", ROOT, "", {"name": "New"}),
]


def operator(rights: str) -> Client:
    """A browser of an operator with these rights; `outsider` is a user who is none."""
    user = person(rights, is_staff=rights != "outsider", is_superuser=rights == "superuser")
    user.user_permissions.set(permissions(rights))
    return signed_in(user)


def permissions(rights: str) -> list[Permission]:
    """An outsider has all of them: they count only for operators."""
    ours = Permission.objects.filter(content_type__app_label__in=("accounts", "albums", "images", "auth"))
    chosen: dict[str, Callable[[str], bool]] = {
        "superuser": lambda name: False,
        "none": lambda name: False,
        "all": lambda name: True,
        "outsider": lambda name: True,
    }
    right = chosen.get(rights, lambda name: name.startswith(f"{rights}_"))
    return [permission for permission in ours if right(permission.codename)]


def snapshot() -> dict[str, list[Any]]:
    """Everything that a request of the admin may change, but not who was here and when."""
    skipped = {"last_login", "updated_at"}
    tables: dict[str, Any] = {**TABLES, "login": ApiLogin, "mail": OutgoingMail}
    found = {
        name: list(
            table._default_manager.order_by("pk").values(
                *(each.name for each in table._meta.concrete_fields if each.name not in skipped)
            )
        )
        for name, table in tables.items()
    }
    found["rights"] = list(User.user_permissions.through.objects.order_by("pk").values_list())
    found["members"] = list(User.groups.through.objects.order_by("pk").values_list())
    found["of groups"] = list(Group.permissions.through.objects.order_by("pk").values_list())
    return found
