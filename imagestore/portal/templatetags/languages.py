"""The texts of a page's scripts."""

from django import template
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language

from imagestore.portal.languages import version_of

register = template.Library()


@register.simple_tag
def language_catalog() -> SafeString:
    """The script that modules take their texts from (static/js/i18n.js). Nothing on English pages.

    A deferred script runs before the modules that stand behind it.
    """
    language = get_language() or ""
    version = version_of(language)
    if not version:
        return SafeString("")
    return format_html('<script defer src="{}"></script>', reverse("language-catalog", args=[language, version]))
