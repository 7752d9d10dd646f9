"""The WSGI entry point. It also starts images.engine, which makes the sizes of images in this server."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "imagestore.settings")
django_application = get_wsgi_application()

from django.conf import settings  # noqa: E402 - the apps must be loaded first

from images import engine  # noqa: E402
from imagestore.kit.body import BodyDeadlines  # noqa: E402
from imagestore.kit.database import limit_statement_time  # noqa: E402
from imagestore.kit.middleware import ReadableContentType  # noqa: E402

limit_statement_time()
application = BodyDeadlines(ReadableContentType(django_application), settings.BODY_GRACE_SECONDS)
engine.start()
