"""The admin of accounts. Delete users only with images.services.delete_account, which also removes their files."""

from typing import Any

from allauth.account.decorators import secure_admin_login
from allauth.account.models import EmailAddress
from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.forms import AdminUserCreationForm, UserChangeForm
from django.db.models import QuerySet
from django.http import HttpRequest

from accounts.models import User
from images.services import delete_account
from imagestore.kit.filesize import filesize
from imagestore.operators.base import CarefulAdmin, shorten

# Operators sign in on the same page as users, and their attempts are counted like those of users.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]

# Hide allauth's addresses: they follow the users, and a change here would set the two apart.
admin.site.unregister(EmailAddress)


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
        ("Administration", {"fields": ("is_staff", "is_superuser", "groups", "user_permissions")}),
    )
    add_fieldsets = ((None, {"fields": ("email", "usable_password", "password1", "password2")}),)

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        return User.objects.living()

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

    @admin.action(description="End all sessions and API logins of selected users")
    def end_logins(self, request: HttpRequest, users: QuerySet[User]) -> None:
        for user in users:
            user.end_logins()
        self.message_user(request, "All their sessions and API logins have ended.", messages.SUCCESS)

    def save_model(self, request: HttpRequest, user: User, form: Any, change: bool) -> None:
        """Save every field of the form, unlike CarefulAdmin: `changed_data` may name groups, which is no column.

        User.save() leaves out `NEVER_SAVED`, the columns that other requests update.
        """
        if change:
            self.lock(request, user)
        user.save()
        if "email" in form.changed_data:
            # No password reset may go to the old mailbox. allauth adds the new address at the next login.
            EmailAddress.objects.filter(user=user).exclude(email=user.email).delete()

    def remove(self, users: list[User]) -> None:
        for user in users:
            delete_account(user)
