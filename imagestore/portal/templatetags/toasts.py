"""What the messages of a page mean for the rest of it."""

from typing import Any

from django import template
from django.contrib.messages import ERROR

register = template.Library()


@register.simple_tag(takes_context=True)
def errors_are_shown(context: Any) -> bool:
    """Whether the page says that something failed. It says so once, so it must not reload by itself."""
    return any(message.level >= ERROR for message in context.get("messages", ()))
