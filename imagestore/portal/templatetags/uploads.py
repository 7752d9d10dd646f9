"""The panel of uploads, which every page of a signed-in user has."""

from typing import Any

from django import template
from django.conf import settings

register = template.Library()


@register.inclusion_tag("images/_uploads.html", takes_context=True)
def upload_panel(context: Any) -> dict[str, Any]:
    return {
        "user": context["user"],
        "max_upload_bytes": settings.MAX_UPLOAD_BYTES,
    }
