"""How gunicorn serves the store: one process, many threads, nothing written outside DATA_DIR.

Leave it at one process: that process also runs the engine with its child processes. For more clients
at once raise THREADS. Do not preload the app: threads that it starts would not survive gunicorn's fork.
"""

import logging
import os
import signal
import sys
from functools import cached_property

from imagestore.kit.env import Reader
from imagestore.kit.env_values import listen_address

# deploy/serve.py has put what `.env` says into the environment, and imagestore/settings.py has checked the values.
env = Reader()

_host = env.read("HOST", listen_address, "127.0.0.1")
_port = env.integer("PORT", 9999)
bind = f"[{_host}]:{_port}" if ":" in _host else f"{_host}:{_port}"
workers = 1
worker_class = "deploy.worker.Worker"
threads = env.integer("THREADS", 32)
# One address has at most half of the connections and threads (deploy/shares.py).
worker_connections = env.integer("CONNECTIONS", 1000)
preload_app = False

# Seconds without a heartbeat after which a worker is killed. A slow request does not stop the heartbeat.
timeout = 60
keepalive = 15
# Seconds from SIGTERM to SIGKILL: open requests get the first half, running work the second.
graceful_timeout = env.seconds("GRACEFUL_TIMEOUT", 30)
env.finish()

# gunicorn's highest. The link to a list's next page holds a search, and the name behind which the page begins.
limit_request_line = 8190
limit_request_fields = 64
limit_request_field_size = 8190

# gunicorn itself believes no proxy: the app decides whom to believe (imagestore/kit/proxies.py).
forwarded_allow_ips = ""

# The heartbeat's file must be in memory, or a slow disk would look like a dead worker.
worker_tmp_dir = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108
control_socket_disable = True


class JsonFormatter(logging.Formatter):
    """imagestore.kit.logging's. The master, which logs next to nothing, loads it with its first line: with Django
    and structlog that is 15 MB."""

    @cached_property
    def _formatter(self):
        from imagestore.kit.logging import formatter

        return formatter()

    def format(self, record):
        return self._formatter.format(record)


# The app logs its requests itself, as JSON. gunicorn logs only warnings and errors, in the same form.
accesslog = None
loglevel = "warning"
logconfig_dict = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": JsonFormatter}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "json"}},
    "root": {"handlers": ["console"], "level": "WARNING"},
    "loggers": {"gunicorn.error": {"handlers": ["console"], "level": "WARNING", "propagate": False}},
}


def when_ready(server):
    # Ctrl-C does what SIGTERM does: running work is finished before the server ends.
    signal.signal(signal.SIGINT, lambda *_: os.kill(server.pid, signal.SIGTERM))


def post_fork(server, worker):
    worker.cfg.set("graceful_timeout", graceful_timeout // 2)


def post_worker_init(worker):
    from django.conf import settings  # not before: the app loads the settings

    print(f"image-store {settings.VERSION} is ready: {settings.SITE_URL}", flush=True)


def worker_exit(server, worker):
    # gunicorn calls this in the master too, and for a worker that did not start.
    if os.getpid() != worker.pid or not worker.booted:
        return
    from images import engine
    from imagestore.kit import tracing

    engine.stop()
    tracing.stop()
    sys.stdout.flush()
    sys.stderr.flush()
    # End the process here: threads that still wait for a client would hold it until SIGKILL.
    os._exit(0)
