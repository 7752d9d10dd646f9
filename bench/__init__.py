"""Measurements (`make bench`), of servers with keys and folders of their own: neither `.env` nor `data/` counts."""

import os

import django

_SETTINGS = {
    "DJANGO_SETTINGS_MODULE": "imagestore.settings",
    "SECRET_KEY": "a key for measurements only, known to everybody",
    "JWT_SIGNING_KEY": "another key for measurements only, known to everybody",
    "ENV_FILE": os.devnull,
}
for name, value in _SETTINGS.items():
    os.environ.setdefault(name, value)
# The servers' static files are found through Django's finders (tests/lent.py).
django.setup()
