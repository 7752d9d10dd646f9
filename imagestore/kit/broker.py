"""The message broker of CELERY_BROKER_URL, between servers and workers on other machines.

A message says only that there is work, the rows say which. So a message that is lost, late or delivered twice does
no harm, and a broker that is away only makes work wait.
"""

import re
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

QUEUE = "render"
TASK = "render_next"
# A broker that does not answer holds the sender for so long.
ANSWER_SECONDS = 2
# Redis delivers a message again that no worker has confirmed for so long.
REDELIVERED_SECONDS = 600
_SCHEMES = ("amqp", "amqps", "redis", "rediss")


def broker_from_url(url: str) -> str:
    """Raises ImproperlyConfigured. Its message must not repeat the URL, which may hold a password."""
    if url and not _is_broker_url(url):
        raise ImproperlyConfigured(
            "CELERY_BROKER_URL must look like amqp://user:password@host:5672/ (RabbitMQ; amqps:// for TLS) or "
            "redis://user:password@host:6379/1 (rediss:// for TLS); user and password percent-encoded."
        )
    return url


def _is_broker_url(url: str) -> bool:
    with suppress(ValueError):
        address = urlsplit(url)
        return (
            address.scheme in _SCHEMES
            and bool(address.hostname)
            and address.port != 0
            and not re.search(r"\s", url)
        )
    return False


@cache
def app() -> Any:
    """The Celery app. Celery is loaded here, because servers without a broker do without its memory."""
    from celery import Celery

    made = Celery("imagestore", broker=settings.CELERY_BROKER_URL)
    made.conf.update(
        task_default_queue=QUEUE,
        task_ignore_result=True,
        # Confirmed when it is done: a worker that dies gives its message back.
        task_acks_late=True,
        task_acks_on_failure_or_timeout=True,
        worker_prefetch_multiplier=1,
        # Threads, because the pictures are decoded in child processes of the store's own.
        worker_pool="threads",
        worker_concurrency=settings.RENDER_WORKERS,
        worker_enable_remote_control=False,
        worker_hijack_root_logger=False,
        worker_redirect_stdouts=False,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        broker_transport_options={"visibility_timeout": REDELIVERED_SECONDS} if _is_redis() else {},
    )
    return made


def strategy(task: Any, app: Any, consumer: Any, **options: Any) -> Callable[..., None]:
    """How a worker takes a message: as Celery does, but one that cannot be read is refused.

    Celery would end the worker, and the broker would give the message to the next one.
    """
    from celery.exceptions import InvalidTaskError
    from celery.worker.strategy import default

    take = default(task, app, consumer, **options)

    def take_or_refuse(*arguments: Any) -> None:
        try:
            take(*arguments)
        except consumer.connection_errors:
            raise
        except Exception as error:
            raise InvalidTaskError(f"a message that no server has sent: {type(error).__name__}") from error

    return take_or_refuse


def _is_redis() -> bool:
    return bool(settings.CELERY_BROKER_URL.startswith("redis"))


class Sender:
    """Fills the queue up to a number of messages, by one connection that it makes anew after a failure.

    Not for requests: a broker that does not answer holds it for some seconds.
    """

    def __init__(self) -> None:
        self._connection: Any = None

    def fill(self, messages: int) -> int:
        """Send so many messages, less those that wait already. Returns how many. Raises when the broker is away."""
        try:
            channel = self._channel()
            # Not `passive`: in Redis an empty queue is none. The arguments are those of Celery's own declaration.
            missing = messages - channel.queue_declare(queue=QUEUE, durable=True, auto_delete=False).message_count
            for _ in range(missing):
                app().send_task(TASK, connection=self._connection, retry=False)
            return max(0, missing)
        except Exception:
            self.close()
            raise

    def close(self) -> None:
        if self._connection is not None:
            with suppress(Exception):
                self._connection.close()
        self._connection = None

    def _channel(self) -> Any:
        if self._connection is None:
            self._connection = app().connection_for_write(
                connect_timeout=ANSWER_SECONDS, transport_options=self._timeouts()
            )
            self._connection.ensure_connection(max_retries=1, timeout=ANSWER_SECONDS)
            # As workers declare it; whoever comes first makes it.
            app().amqp.queues[QUEUE](self._connection.default_channel).declare()
        return self._connection.default_channel

    @staticmethod
    def _timeouts() -> dict[str, Any]:
        of_redis, of_amqp = ("socket_timeout", "socket_connect_timeout"), ("read_timeout", "write_timeout")
        return {"max_retries": 1, **dict.fromkeys(of_redis if _is_redis() else of_amqp, ANSWER_SECONDS)}
