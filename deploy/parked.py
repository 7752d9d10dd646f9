"""Requests that wait because their address has its share of the threads, or all bodies together have theirs."""

from collections.abc import Iterator
from typing import Generic, Protocol, TypeVar

from deploy.shares import Shares


class Request(Protocol):
    requester: str | None
    has_body: bool


R = TypeVar("R", bound=Request)


class Parked(Generic[R]):
    """Addresses that have least in work come first, however many requests another one has waiting.

    A queue for each address and kind: a finished request costs a look at each address, not at each request.
    """

    def __init__(self, shares: Shares) -> None:
        self._shares = shares
        self._queues: dict[tuple[str | None, bool], dict[R, None]] = {}

    def add(self, request: R) -> None:
        self._queues.setdefault(_queue_of(request), {})[request] = None

    def discard(self, request: R) -> None:
        queue = self._queues.get(_queue_of(request))
        if queue is not None:
            queue.pop(request, None)
            if not queue:
                del self._queues[_queue_of(request)]

    def __iter__(self) -> Iterator[R]:
        return (request for queue in self._queues.values() for request in queue)

    def start_after(self, address: str | None, *, has_body: bool) -> Iterator[R]:
        """What may start now that a request of this address and kind has finished. It is counted as started."""
        while key := self._next((address, has_body)):
            # At the end again: addresses that have the same in work take one each.
            queue = self._queues.pop(key)
            request = next(iter(queue))
            del queue[request]
            if queue:
                self._queues[key] = queue
            yield request

    def _next(self, finished: tuple[str | None, bool]) -> tuple[str | None, bool] | None:
        """Bodies share one limit. Another request makes way for requests of its own address only."""
        candidates = [key for key in self._queues if key[1]] if finished[1] else [finished]
        candidates.sort(key=lambda key: self._shares.in_work(key[0], has_body=key[1]))
        return next(
            (key for key in candidates if key in self._queues and self._shares.start(key[0], has_body=key[1])), None
        )


def _queue_of(request: Request) -> tuple[str | None, bool]:
    return request.requester, request.has_body
