"""The panel of uploads, which every page of a signed-in user has, and what pickers of files offer."""

from typing import Any

from django import template
from django.conf import settings

from imagestore.portal.uploads import ACCEPTED_FILES

register = template.Library()


@register.inclusion_tag("images/_uploads.html", takes_context=True)
def upload_panel(context: Any) -> dict[str, Any]:
    return {
        "user": context["user"],
        "max_upload_bytes": settings.MAX_UPLOAD_BYTES,
    }


@register.simple_tag
def accepted_files() -> str:
    """The value of the attribute `accept`."""
    return ",".join(ACCEPTED_FILES)
