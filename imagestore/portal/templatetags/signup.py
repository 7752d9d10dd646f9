"""Whether pages and mails may show the way to the sign-up."""

from django import template
from django.conf import settings

register = template.Library()


@register.simple_tag
def signup_is_open() -> bool:
    return bool(settings.SIGNUP == "open")
