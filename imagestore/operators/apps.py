"""How Django finds the operators' site."""

from django.contrib.admin import apps


class SiteConfig(apps.AdminConfig):
    """`django.contrib.admin` with the site of imagestore/operators/site.py."""

    # This is the configuration of Django's app, not of the package that it stands in.
    default = False
    default_site = "imagestore.operators.site.Site"
