"""How gunicorn serves the store: one process, many threads, nothing written outside DATA_DIR.

One process, because it also owns the render children; THREADS is the knob for more clients at
once. Never preloaded: what the app starts before a fork is lost in it.
"""

import os
import signal
import sys

import environ

env = environ.FileAwareEnv()

bind = f"{env.str('HOST', '127.0.0.1')}:{env.int('PORT', 9999)}"
workers = 1
worker_class = "deploy.worker.Worker"
threads = env.int("THREADS", 32)
worker_connections = 1000
preload_app = False

# The worker's heartbeat (s). Requests are not bound by it: heads and bodies have limits of their own.
timeout = 60
keepalive = 15
# From SIGTERM to SIGKILL (s): open requests get the first half of it, running work the second.
graceful_timeout = env.int("GRACEFUL_TIMEOUT", 30)

limit_request_line = 4094
limit_request_fields = 64
limit_request_field_size = 8190

# Whose X-Forwarded-* headers to believe: nobody's, unless a proxy stands in front.
forwarded_allow_ips = env.str("FORWARDED_ALLOW_IPS", "")

# The heartbeat's file belongs in memory: a slow disk must not look like a dead worker.
worker_tmp_dir = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108
control_socket_disable = True

# The app logs its requests itself, as JSON; gunicorn speaks of trouble only, in the same form.
accesslog = None
loglevel = "warning"
logconfig_dict = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": "imagestore.kit.logging.formatter"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "json"}},
    "root": {"handlers": ["console"], "level": "WARNING"},
    "loggers": {"gunicorn.error": {"handlers": ["console"], "level": "WARNING", "propagate": False}},
}


def when_ready(server):
    # Ctrl-C means what SIGTERM means: finish what runs, then end.
    signal.signal(signal.SIGINT, lambda *_: os.kill(server.pid, signal.SIGTERM))


def post_fork(server, worker):
    worker.cfg.set("graceful_timeout", graceful_timeout // 2)


def post_worker_init(worker):
    from django.conf import settings  # only now: before the app is loaded there are no settings

    print(f"image-store {settings.VERSION} is ready: {settings.SITE_URL}", flush=True)


def worker_exit(server, worker):
    # Also called in the master, and for a worker that never came up.
    if os.getpid() != worker.pid or not worker.booted:
        return
    from images import engine

    engine.stop()
    sys.stdout.flush()
    sys.stderr.flush()
    # Threads that still wait for a client would hold the process until SIGKILL.
    os._exit(0)
