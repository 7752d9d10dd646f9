"""The entry point of workers on other machines: `celery -A imagestore worker`, with the settings of the servers.

They share nothing with servers but database, broker and storage.
"""

import os
import sys
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "imagestore.settings")
django.setup()

from celery.signals import worker_init, worker_ready, worker_shutdown  # noqa: E402 - the apps must be loaded first
from django.conf import settings  # noqa: E402
from django.core.exceptions import ImproperlyConfigured  # noqa: E402

from images.rendering.remote import Worker  # noqa: E402
from imagestore.kit import broker, metrics_port, sentry, tracing  # noqa: E402
from imagestore.kit.database import limit_statement_time  # noqa: E402

app = broker.app()
_worker = Worker()


@app.task(name=broker.TASK, Strategy=f"{broker.__name__}:{broker.strategy.__name__}")
def render_next() -> None:
    _worker.render_next()


@worker_init.connect
def _start(**_signal: Any) -> None:
    sentry.start()
    tracing.start()
    limit_statement_time()
    try:
        _worker.start()
    except (ImproperlyConfigured, OSError) as error:
        # Celery logs what else a signal raises, and would work on with a worker that has not started.
        sys.exit(f"This worker cannot start: {error}")
    if settings.WORKER_METRICS_PORT:
        metrics_port.listen(settings.HOST, settings.WORKER_METRICS_PORT)


@worker_shutdown.connect
def _stop(**_signal: Any) -> None:
    _worker.stop()
    tracing.stop()


@worker_ready.connect
def _tell(**_signal: Any) -> None:
    # As a server's first line, on standard output.
    print(f"image-store {settings.VERSION}: this worker is ready", flush=True)  # noqa: T201
