"""The scripts of a page."""

from django import template
from django.templatetags.static import static
from django.utils.html import format_html_join
from django.utils.safestring import SafeString, mark_safe

from imagestore.kit.static import with_imports

register = template.Library()


@register.simple_tag
def modules(*names: str) -> SafeString:
    """`<script type="module">` for each, and a preload of all that they import.

    Without, a browser learns what a module imports only when it has it: a round trip for each level.
    """
    scripts = [(static(name),) for name in names]
    imports = [(static(name),) for name in with_imports(names) if name not in names]
    preloads = format_html_join("\n", '<link rel="modulepreload" href="{}">', imports)
    elements = format_html_join("\n", '<script type="module" src="{}"></script>', scripts)
    return mark_safe(f"{preloads}\n{elements}")  # noqa: S308 - of escaped names
