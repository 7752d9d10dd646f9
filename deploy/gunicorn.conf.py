"""How gunicorn serves the store: one process, many threads, nothing written outside DATA_DIR.

Leave it at one process: that process also runs the engine with its child processes. For more clients
at once raise THREADS. Do not preload the app: threads that it starts would not survive gunicorn's fork.
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

# Seconds without a heartbeat after which a worker is killed. A slow request does not stop the heartbeat.
timeout = 60
keepalive = 15
# Seconds from SIGTERM to SIGKILL: open requests get the first half, running work the second.
graceful_timeout = env.int("GRACEFUL_TIMEOUT", 30)

limit_request_line = 4094
limit_request_fields = 64
limit_request_field_size = 8190

# Addresses of proxies whose X-Forwarded-* headers are believed; empty is none.
forwarded_allow_ips = env.str("FORWARDED_ALLOW_IPS", "")

# The heartbeat's file must be in memory, or a slow disk would look like a dead worker.
worker_tmp_dir = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108
control_socket_disable = True

# The app logs its requests itself, as JSON. gunicorn logs only warnings and errors, in the same form.
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

    engine.stop()
    sys.stdout.flush()
    sys.stderr.flush()
    # End the process here: threads that still wait for a client would hold it until SIGKILL.
    os._exit(0)
