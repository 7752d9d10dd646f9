"""Django looks here for the admin: each subject has a module of its own, which registers itself."""

from imagestore.operators import accounts, albums, findings, images  # noqa: F401
