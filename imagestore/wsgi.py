"""The WSGI entry point. It also starts images.engine, which makes the sizes of images in this server."""

import os
from typing import Any

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "imagestore.settings")
django_application = get_wsgi_application()

from django.conf import settings  # noqa: E402 - the apps must be loaded first

from images import engine  # noqa: E402
from images.delivery.door import MediaDoor  # noqa: E402
from imagestore.health import PATHS  # noqa: E402
from imagestore.kit import sentry, tracing  # noqa: E402
from imagestore.kit.body import BodyDeadlines  # noqa: E402
from imagestore.kit.database import limit_statement_time  # noqa: E402
from imagestore.kit.logging import OwnContext  # noqa: E402
from imagestore.kit.middleware import HeadWithoutBody, ReadableContentType  # noqa: E402
from imagestore.kit.proxies import TrustedProxies  # noqa: E402
from imagestore.kit.sub_path import SubPath  # noqa: E402

sentry.start()
tracing.start()
limit_statement_time()
with_deadlines = BodyDeadlines(
    HeadWithoutBody(ReadableContentType(django_application)),
    grace_seconds=settings.BODY_GRACE_SECONDS,
    text_seconds=settings.TEXT_BODY_SECONDS,
)
store: Any = MediaDoor(with_deadlines)
if settings.FORCE_SCRIPT_NAME:
    # Probes and Prometheus ask the server itself, without the proxy that knows the path.
    store = SubPath(store, settings.FORCE_SCRIPT_NAME, at_root=PATHS)
# OwnContext must stand first: whatever the others log belongs to this request.
application = OwnContext(TrustedProxies(store, settings.TRUSTED_PROXIES))
engine.start()
