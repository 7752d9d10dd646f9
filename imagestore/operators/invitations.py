"""The admin of invitations: make one, see the open ones, withdraw one."""

from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest
from django.utils.html import format_html

from accounts.invitations import issue
from accounts.models import Invitation
from imagestore.operators.base import LoggedAdmin


@admin.register(Invitation)
class InvitationAdmin(LoggedAdmin, admin.ModelAdmin):
    """An invitation is never changed: its link is with its guest already."""

    fields = ("email", "expires_at")
    list_display = ("email", "created_at", "expires_at")
    search_fields = ("email",)
    ordering = ("-created_at", "-pk")
    show_full_result_count = False

    def has_change_permission(self, request: HttpRequest, invitation: Invitation | None = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, invitation: Invitation, form: Any, change: bool) -> None:
        link = issue(invitation)
        self.message_user(
            request, format_html("Send this link now; it is never shown again: {}", link), messages.WARNING
        )
