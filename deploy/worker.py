"""gunicorn's threaded worker, changed so that a slow client never holds a thread.

gthread (27.0) gives each connection a thread from the first byte of its request to the last byte of its
answer. Here the loop of the main thread waits for clients, and a thread has only what is left:

    loop      the head, and a body of up to BUFFERED_BODY_BYTES that is no upload
    thread    the app; it reads a longer body, or an upload, because the app may refuse that by its head
    loop      the rest of the answer, the rest of a refused body, the close

A long answer is made in portions (deploy/portions.py): while the loop sends one, no thread is held.

The loop gives each address its share only (deploy/shares.py). Requests over it wait in `_parked`. When all
connections are taken, a new client gets one of those that the address with most of them has waiting.

What the worker refuses before the app sees it is a problem, too (deploy/refusals.py).
"""

import errno
import resource
import signal
import socket
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from selectors import EVENT_READ, EVENT_WRITE
from typing import Any

from django.conf import settings
from gunicorn.http import errors
from gunicorn.http.body import LengthReader
from gunicorn.workers.gthread import ThreadWorker

from deploy.connection import Connection
from deploy.outgoing import SEND_SECONDS, ClientSocket
from deploy.parked import Parked
from deploy.portions import InPortions
from deploy.refusals import address_is_busy, count, headers_too_large, problem_of, refusal, too_slow, uri_too_long
from deploy.shares import Shares, address_of
from imagestore.kit.problems import Problem

# A head is the request line and the headers.
HEAD_SECONDS = 10
HEAD_BYTES = 64 * 1024
RECEIVE_BYTES = 64 * 1024
# How long a request waits until its address may have one more in work.
PARKED_SECONDS = 30
# The rest of a refused upload still arrives; closing at once would destroy the answer on its way.
LINGER_SECONDS = 10
LINGER_SILENCE_SECONDS = 2
# So much of a refused body must come in LINGER_SECONDS, and so much of an answer go in SEND_SECONDS.
STEP_BYTES = 64 * 1024
# How often the loop looks for what is overdue.
LOOK_SECONDS = 0.5
# Each client needs a descriptor, and each answer from a file one more.
OPEN_FILES = 16 * 1024
# What the app itself has open: the database of each thread, the pipes of its child processes.
OPEN_FILES_OF_THREAD = 4
OPEN_FILES_OF_APP = 64
OUT_OF_DESCRIPTORS = (errno.EMFILE, errno.ENFILE)
OUT_OF_DESCRIPTORS_SECONDS = 0.05


def most_connections(open_files: int, threads: int) -> int:
    """For how many clients so many descriptors are enough."""
    return max(1, (open_files - OPEN_FILES_OF_APP - OPEN_FILES_OF_THREAD * threads) // 2)


class Worker(ThreadWorker):  # type: ignore[misc]
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Connections that wait for their client, in the order in which they began to.
        self._waiting: dict[Connection, None] = {}
        self._next_look = 0.0

    def init_signals(self) -> None:
        super().init_signals()
        # A terminal sends Ctrl-C to every process. Ignore it here: the master tells its worker when to end.
        signal.signal(signal.SIGINT, signal.SIG_IGN)

    def init_process(self) -> None:
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        most = OPEN_FILES if hard == resource.RLIM_INFINITY else min(hard, OPEN_FILES)
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, most), hard))
        self._limit_connections(max(soft, most))
        self._shares = Shares(
            connections=self.worker_connections,
            threads=self.cfg.threads,
            requests_each=settings.ADDRESS_REQUESTS,
        )
        self._parked: Parked[Connection] = Parked(self._shares)
        super().init_process()

    def _limit_connections(self, open_files: int) -> None:
        most = most_connections(open_files, self.cfg.threads)
        if most < self.worker_connections:
            self.log.warning(
                "CONNECTIONS is %d, but %d open files are enough for %d clients only. Raise the limit (ulimit -n).",
                self.worker_connections,
                open_files,
                most,
            )
            self.worker_connections = most

    # ---- The loop: before the thread ----------------------------------------------------------

    def accept(self, listener: Any) -> None:
        try:
            sock, peer = listener.accept()
        except (BlockingIOError, ConnectionAbortedError):
            return
        except OSError as error:
            if error.errno not in OUT_OF_DESCRIPTORS:
                raise
            self._free_a_descriptor()
            return
        address = address_of(peer, settings.TRUSTED_PROXIES)
        if not self._shares.connect(address):
            sock.close()
            return
        self.nr_conns += 1
        self._make_way()
        conn = Connection(self.cfg, ClientSocket(sock), peer, listener.getsockname(), address=address)
        self._await(conn, EVENT_READ, self._receive, HEAD_SECONDS)

    def _make_way(self) -> None:
        """Keep one connection free: gunicorn accepts no client when all are taken."""
        while self.nr_conns >= self.worker_connections and self._drop_one():
            pass

    def _drop_one(self) -> bool:
        """Drop what has waited longest of the address that has most; False when all are in threads.

        Attackers who fill all connections lose their own, whatever they have them wait for.
        """
        waiting = [*self._waiting, *self._parked]
        if not waiting:
            return False
        counts = Counter(conn.requester for conn in waiting)
        address = max(counts, key=lambda requester: counts[requester])
        self._drop(next(conn for conn in waiting if conn.requester == address))
        return True

    def _free_a_descriptor(self) -> None:
        if not self._drop_one():
            # The listener stays readable, so without a pause the loop would spin until a thread is done.
            time.sleep(OUT_OF_DESCRIPTORS_SECONDS)

    def _receive(self, conn: Connection) -> None:
        """Bytes of a request are there."""
        content = conn.sock.recv(RECEIVE_BYTES)
        if not content:
            self._drop(conn)
            return
        began, had_head = not conn.received, bool(conn.bytes_wanted)
        conn.received += content
        if began:
            # Empty lines before a request are allowed (RFC 9112, 2.2).
            conn.received = conn.received.lstrip(b"\r\n")
            conn.deadline = time.monotonic() + HEAD_SECONDS
        if conn.has_whole_request():
            self._dispatch(conn)
        elif conn.bytes_wanted and not had_head:
            conn.deadline = time.monotonic() + settings.TEXT_BODY_SECONDS
        elif not conn.bytes_wanted and len(conn.received) > HEAD_BYTES:
            self._refuse(conn, headers_too_large() if b"\r\n" in conn.received else uri_too_long())

    def _dispatch(self, conn: Connection) -> None:
        self._stop_waiting(conn)
        if self._shares.start(conn.requester, has_body=conn.has_body):
            self.enqueue_req(conn)
        else:
            conn.deadline = time.monotonic() + PARKED_SECONDS
            self._parked.add(conn)

    # ---- The thread -----------------------------------------------------------------------------

    def load_wsgi(self) -> None:
        super().load_wsgi()
        self.wsgi = InPortions(self.wsgi)

    def handle(self, conn: Connection) -> bool:
        if conn.sock.rest:
            return self._make_portion(conn)
        conn.init()
        conn.data_ready = True
        # gunicorn copies all that it has read ahead whenever the app reads a part of it.
        conn.parser.unreader.max_body_chunk = RECEIVE_BYTES
        conn.parser.unreader.unread(bytes(conn.received))
        conn.received.clear()
        keep_alive = bool(super().handle(conn))
        with suppress(OSError):
            conn.sock.flush()
        return keep_alive

    def _make_portion(self, conn: Connection) -> bool:
        answer = conn.sock.rest
        conn.sock.setblocking(True)
        try:
            for chunk in answer:
                conn.sock.sendall(chunk)
            with suppress(OSError):
                conn.sock.flush()
            return bool(conn.keep_alive)
        except OSError:
            return False
        except Exception:
            self.log.exception("an answer could not be made to its end")
            return False
        finally:
            answer.close()

    def handle_request(self, req: Any, conn: Connection) -> Any:
        if req.version >= (1, 1) and not any(name == "HOST" for name, _ in req.headers):
            # gunicorn refuses two of them, but takes none for its own address (RFC 9112, 3.2).
            raise errors.InvalidHeader("HOST", req=req)
        if req._expected_100_continue:
            req._expected_100_continue = False
            req.body = AskedBody(req.body, conn.sock)
        return super().handle_request(req, conn)

    def handle_error(self, req: Any, client: ClientSocket, addr: Any, exc: Exception) -> None:
        """gunicorn calls this for a request that it cannot read, and for an error that left the app."""
        problem = problem_of(exc)
        if problem.status == 500:
            self.log.error("a request failed", exc_info=exc)
        else:
            self.log.warning("a request was refused: %s", type(exc).__name__)
        count(problem)
        with suppress(OSError):
            client.sendall(refusal(problem))

    def _keepalive_after(self, conn: Connection, keepalive: bool) -> bool:
        """Leave the rest of a body to the loop. gthread would read it in this thread, and give up after 64 KiB."""
        body = conn.parser.mesg.body
        if not keepalive or body.failed:
            return False
        if not isinstance(body.reader, LengthReader):
            # A body in chunks. Its reader drops its parser behind the last one; what is left before that goes
            # with the connection, because only a thread could find its end.
            return body.reader.parser is None
        conn.discard_bytes = body.reader.length
        return True

    # ---- The loop: after the thread ---------------------------------------------------------------

    def finish_request(self, conn: Connection, future: Future[bool]) -> None:
        self._shares.finish(conn.requester, has_body=conn.has_body)
        for parked in self._parked.start_after(conn.requester, has_body=conn.has_body):
            self.enqueue_req(parked)
        conn.keep_alive = not future.cancelled() and future.exception() is None and future.result()
        conn.sock.setblocking(False)
        conn.forget_request()
        self._run(self._send, conn)

    def _send(self, conn: Connection) -> None:
        """Send more of the answer; when the client has it all, go on with its next request."""
        if not conn.sock.flush():
            self._await(conn, EVENT_WRITE, self._send, SEND_SECONDS)
        elif conn.sock.rest:
            self._dispatch(conn)
        elif conn.keep_alive:
            # What the parser has read ahead belongs to the rest of this body, or to the next request.
            conn.received += conn.parser.unreader.take_buffered()
            conn.parser.mesg = None
            self._drop_body(conn)
        else:
            self._linger(conn)

    def _discard(self, conn: Connection) -> None:
        content = conn.sock.recv(RECEIVE_BYTES)
        if content:
            conn.received += content
            self._drop_body(conn)
        else:
            self._drop(conn)

    def _drop_body(self, conn: Connection) -> None:
        """Drop what the app did not read of this body, then await the next request."""
        dropped = min(conn.discard_bytes, len(conn.received))
        del conn.received[:dropped]
        conn.discard_bytes -= dropped
        conn.discarded_bytes += dropped
        if conn.discard_bytes:
            self._await(conn, EVENT_READ, self._discard, LINGER_SECONDS)
        elif conn.has_whole_request():
            self._dispatch(conn)
        else:
            self._await(conn, EVENT_READ, self._receive, HEAD_SECONDS if conn.received else self.cfg.keepalive)

    def _refuse(self, conn: Connection, problem: Problem) -> None:
        """Answer from the loop. The app has not seen this request; if it has, the answer ends."""
        if conn.sock.rest:
            self._drop(conn)
            return
        conn.keep_alive = False
        count(problem)
        conn.sock.sendall(refusal(problem))
        self._send(conn)

    def _linger(self, conn: Connection) -> None:
        """End our side, read until the client ends its side (RFC 9112, 9.6), then close."""
        with suppress(OSError):
            conn.sock.shutdown(socket.SHUT_WR)
        conn.linger_until = time.monotonic() + LINGER_SECONDS
        self._await(conn, EVENT_READ, self._drain, LINGER_SILENCE_SECONDS)

    def _drain(self, conn: Connection) -> None:
        if not conn.sock.recv(RECEIVE_BYTES):
            self._drop(conn)
        conn.deadline = min(conn.linger_until, time.monotonic() + LINGER_SILENCE_SECONDS)

    # ---- What waits for a client --------------------------------------------------------------------

    def _await(
        self, conn: Connection, event: int, when_ready: Callable[[Connection], None], seconds: float
    ) -> None:
        """What waits for this already keeps its deadline and its place in the order."""
        if conn.when_ready == when_ready:
            return
        self._stop_waiting(conn)
        conn.deadline, conn.when_ready = time.monotonic() + seconds, when_ready
        conn.moved_before = conn.moved_bytes()
        self._waiting[conn] = None
        self.poller.register(conn.sock, event, partial(self._wake, conn))

    def _stop_waiting(self, conn: Connection) -> None:
        if conn in self._waiting:
            del self._waiting[conn]
            conn.when_ready = None
            self.poller.unregister(conn.sock)

    def _wake(self, conn: Connection, _: Any) -> None:
        # An event of this round may have dropped the connection already.
        if conn in self._waiting and conn.when_ready:
            self._run(conn.when_ready, conn)

    def _run(self, step: Callable[[Connection], None], conn: Connection) -> None:
        try:
            step(conn)
        except BlockingIOError:
            return
        except OSError:
            self._drop(conn)
        except Exception:
            self.log.exception("a connection failed")
            self._drop(conn)

    def _drop(self, conn: Connection) -> None:
        self._stop_waiting(conn)
        self._parked.discard(conn)
        conn.sock.close()
        self.nr_conns -= 1
        self._shares.disconnect(conn.address)

    def murder_keepalived(self, force: bool = False) -> None:
        """gunicorn calls this after each event, and at least once a second. End what is overdue."""
        # A connection that came out of a thread may have made it full, and then `accept` is not called.
        self._make_way()
        now = time.monotonic()
        if now < self._next_look and not force:
            return
        self._next_look = now + LOOK_SECONDS
        for conn in [conn for conn in self._parked if force or conn.deadline < now]:
            self._parked.discard(conn)
            self._run(partial(self._refuse, problem=address_is_busy()), conn)
        for conn in [conn for conn in self._waiting if force or self._is_overdue(conn, now)]:
            if conn.when_ready == self._receive and conn.received and not force:
                self._run(partial(self._refuse, problem=too_slow()), conn)
            else:
                self._drop(conn)

    def _is_overdue(self, conn: Connection, now: float) -> bool:
        """Whether its time is over. A client that moves enough of an answer or a refused body gets more time."""
        seconds = {self._send: SEND_SECONDS, self._discard: LINGER_SECONDS}.get(conn.when_ready)
        if seconds and conn.deadline < now and conn.moved_bytes() - conn.moved_before >= STEP_BYTES:
            conn.deadline, conn.moved_before = now + seconds, conn.moved_bytes()
        return conn.deadline < now

    def murder_pending(self) -> None:
        """Everything that waits is in `_waiting`."""

    def _cap_keepalive(self, deadline: float) -> None:
        """The server stops: idle clients have until `deadline` (monotonic seconds) to begin a request."""
        for conn in self._waiting:
            if conn.when_ready == self._receive and not conn.received:
                conn.deadline = min(conn.deadline, deadline)


class AskedBody:
    """A body whose client waits for "100 Continue" (RFC 9110, 10.1.1). The first read sends it."""

    def __init__(self, body: Any, sock: ClientSocket) -> None:
        self._body, self._sock, self._asked = body, sock, False

    @property
    def failed(self) -> bool:
        """Whether the connection must be closed. It must when the client still waits for "100 Continue"."""
        return not self._asked or self._body.failed

    @property
    def reader(self) -> Any:
        return self._body.reader

    def read(self, size: int | None = None) -> bytes:
        self._ask()
        return bytes(self._body.read(size))

    def readline(self, size: int | None = None) -> bytes:
        self._ask()
        return bytes(self._body.readline(size))

    def _ask(self) -> None:
        if not self._asked:
            self._asked = True
            self._sock.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
            self._sock.flush()
