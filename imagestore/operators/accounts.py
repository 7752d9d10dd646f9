"""The admin of accounts and groups.

Delete users only with images.services.delete_account, which also removes their files. Only superusers
change rights, and accounts of operators: with a right to either, any operator could make himself a superuser.
"""

from typing import Any

from allauth.account.models import EmailAddress
from django.contrib import admin, messages
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.forms import AdminUserCreationForm, UserChangeForm
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest

from accounts.models import User
from images.services import delete_account
from imagestore.kit.filesize import filesize
from imagestore.operators.base import CarefulAdmin, LoggedAdmin, log_act, shorten

# The fields that say what an operator may do.
RIGHTS = ("is_staff", "is_superuser", "groups", "user_permissions")

# Hide allauth's addresses: they follow the users, and a change here would set the two apart.
admin.site.unregister(EmailAddress)
# Our own page of groups replaces Django's.
admin.site.unregister(Group)


class NewUserForm(AdminUserCreationForm):
    class Meta:
        model = User
        fields = ("email",)


class UserForm(UserChangeForm):
    class Meta:
        model = User
        fields = "__all__"


class QuotaFilter(admin.SimpleListFilter):
    title = "quota"
    parameter_name = "room"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("little", "Nearly full")]

    def queryset(self, request: HttpRequest, users: Any) -> Any:
        return users.nearly_full() if self.value() else users


@admin.register(User)
class UserAdmin(CarefulAdmin, DjangoUserAdmin):
    form = UserForm
    add_form = NewUserForm
    list_display = ("email", "short_name", "used", "limit", "is_active", "is_staff", "created_at")
    list_filter = (QuotaFilter, "is_active", "is_staff", "is_superuser", "created_at")
    search_fields = ("email", "name", "public_id")
    ordering = ("-created_at",)
    lock_order = ("pk",)
    show_full_result_count = False
    readonly_fields = ("public_id", "limit", "used", "api_logins", "created_at", "last_login")
    actions = ("end_logins",)
    fieldsets = (
        (None, {"fields": ("email", "name", "password", "public_id")}),
        ("Storage", {"fields": ("quota_bytes", "limit", "used")}),
        ("Access", {"fields": ("is_active", "api_logins", "created_at", "last_login")}),
        ("Administration", {"fields": RIGHTS}),
    )
    add_fieldsets = ((None, {"fields": ("email", "usable_password", "password1", "password2")}),)

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        return User.objects.living()

    def has_change_permission(self, request: HttpRequest, user: User | None = None) -> bool:
        return super().has_change_permission(request, user) and _may_manage(request, user)

    def has_delete_permission(self, request: HttpRequest, user: User | None = None) -> bool:
        return super().has_delete_permission(request, user) and _may_manage(request, user)

    def get_readonly_fields(self, request: HttpRequest, user: User | None = None) -> Any:
        fields = super().get_readonly_fields(request, user)
        return fields if _is_superuser(request) else (*fields, *RIGHTS)

    @admin.display(description="name", ordering="name")
    def short_name(self, user: User) -> str:
        return shorten(user.name)

    @admin.display(description="used", ordering="used_bytes")
    def used(self, user: User) -> str:
        return filesize(user.used_bytes)

    @admin.display(description="quota", ordering="quota_bytes")
    def limit(self, user: User) -> str:
        return "none" if user.quota is None else filesize(user.quota)

    @admin.display(description="logins by API")
    def api_logins(self, user: User) -> int:
        return user.api_logins.count()

    @admin.action(description="End all sessions and API logins of selected users", permissions=["change"])
    def end_logins(self, request: HttpRequest, users: QuerySet[User]) -> None:
        chosen = list(users)
        if not all(self.has_change_permission(request, user) for user in chosen):
            raise PermissionDenied
        for user in chosen:
            user.end_logins()
        log_act("ended logins", chosen)
        self.message_user(request, "All their sessions and API logins have ended.", messages.SUCCESS)

    def save_model(self, request: HttpRequest, user: User, form: Any, change: bool) -> None:
        """Save the columns that the form changed; `changed_data` may also name groups, which is no column."""
        if change:
            self.lock(request, user)
            columns = {field.name for field in User._meta.concrete_fields}
            user.save(update_fields=columns & set(form.changed_data))
        else:
            user.save()
        if "email" in form.changed_data:
            # No password reset may go to the old mailbox. allauth adds the new address at the next login.
            EmailAddress.objects.filter(user=user).exclude(email=user.email).delete()

    def remove(self, users: list[User]) -> None:
        for user in users:
            delete_account(user)


@admin.register(Group)
class GroupAdmin(LoggedAdmin, DjangoGroupAdmin):
    """A group gives rights to its members, so other operators may only look at it."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return _is_superuser(request)

    def has_change_permission(self, request: HttpRequest, group: Group | None = None) -> bool:
        return _is_superuser(request)

    def has_delete_permission(self, request: HttpRequest, group: Group | None = None) -> bool:
        return _is_superuser(request)


def _is_superuser(request: HttpRequest) -> bool:
    return request.user.is_active and request.user.is_superuser


def _may_manage(request: HttpRequest, user: User | None) -> bool:
    """Whether this operator may change or delete the account: that of another operator is for superusers alone."""
    return _is_superuser(request) or user is None or not (user.is_staff or user.is_superuser)
