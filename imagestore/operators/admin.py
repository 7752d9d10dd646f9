"""Django loads this module alone, so it imports the modules that register the admins."""

from imagestore.operators import accounts, albums, findings, images, invitations, uploads  # noqa: F401
