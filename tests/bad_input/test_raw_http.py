"""Heads and bodies that no client library would send."""

import pytest

from tests.bad_input.samples import GOOD, LIMIT, OVERHEAD
from tests.people import UNUSED_ID, Person
from tests.raw_http import CLOSING, chunk, part, send, upload_head


@pytest.mark.usefixtures("nothing_left")
@pytest.mark.parametrize("length", [LIMIT + OVERHEAD + 1, 2**40, 10**30])
def test_a_body_over_the_limit_is_refused_before_it_is_sent(alice: Person, album: str, length: int) -> None:
    answer = send(alice.server, upload_head(alice, album, length))
    assert answer is not None
    problem = answer.problem()
    assert (answer.status, problem["code"], problem["limit"]) == (413, "file_too_large", LIMIT)


@pytest.mark.usefixtures("nothing_left")
def test_json_is_bounded_before_it_is_sent_too(alice: Person) -> None:
    head = upload_head(alice, UNUSED_ID, 50 * 2**20).replace(f"/albums/{UNUSED_ID}/images/".encode(), b"/albums/")
    answer = send(alice.server, head.replace(b"multipart/form-data", b"application/json"))
    assert answer is not None
    assert (answer.status, answer.problem()["code"]) == (413, "file_too_large")


@pytest.mark.usefixtures("nothing_left")
def test_a_client_that_asks_first_is_refused_without_a_go_ahead(alice: Person, album: str) -> None:
    """`Expect: 100-continue` (RFC 9110, 10.1.1)."""
    answer = send(alice.server, upload_head(alice, album, 2**40, "Expect: 100-continue"))
    assert answer is not None
    assert answer.status == 413


@pytest.mark.usefixtures("nothing_left")
def test_wrong_albums_and_wrong_tokens_are_refused_before_the_body_is_sent(
    alice: Person, bob: Person, album: str
) -> None:
    his = bob.album("His")
    for target, endpoint in ((UNUSED_ID, ""), (his, ""), (his, "bulk/")):
        answer = send(alice.server, upload_head(alice, target, 1000, endpoint=endpoint))
        assert answer is not None
        assert (answer.status, answer.problem()["code"]) == (404, "not_found")
    bob.delete(f"albums/{his}/?permanent=true", expect=204)
    stranger = upload_head(alice, album, 1000).replace(b"Bearer ", b"Bearer x")
    answer = send(alice.server, stranger)
    assert answer is not None
    assert (answer.status, answer.problem()["code"]) == (401, "invalid_token")


@pytest.mark.usefixtures("nothing_left")
@pytest.mark.parametrize("endpoint", ["", "bulk/"])
def test_a_body_shorter_than_announced_is_no_upload(alice: Person, album: str, endpoint: str) -> None:
    field = b"files" if endpoint else b"file"
    for body in (
        part(b"x.jpg", GOOD, field=field),
        part(b"x.jpg", GOOD, field=field) + CLOSING,
        part(b"x.jpg", GOOD[:500], field=field),
        b"",
    ):
        answer = send(
            alice.server, upload_head(alice, album, len(body) + 1000, endpoint=endpoint), body, hang_up=True
        )
        if answer is not None:
            assert (answer.status, answer.problem()["code"]) == (400, "parse_error")


@pytest.mark.usefixtures("nothing_left")
@pytest.mark.parametrize("end", [b"", b"\r\n", b"\r\n--fron"])
def test_a_form_without_its_end_is_no_upload(alice: Person, album: str, end: bytes) -> None:
    """The length is right, but the last boundary is missing: nobody knows whether the file is whole."""
    body = part(b"x.jpg", GOOD) + end
    answer = send(alice.server, upload_head(alice, album, len(body), "Connection: close"), body)
    assert answer is not None
    assert answer.status == 400


@pytest.mark.usefixtures("nothing_left")
@pytest.mark.parametrize(
    "lines",
    [
        ["Content-Length: -5"],
        ["Content-Length: x"],
        ["Content-Length: 5, 6"],
        ["Content-Length: 5", "Content-Length: 6"],
        ["Content-Length: 5", "Transfer-Encoding: chunked"],
        ["Transfer-Encoding: nonsense"],
        ["Content-Length: ٣"],
        ["Content-Length : 5"],
        [" Content-Length: 5"],
        ["X: " + "y" * 20_000],
    ],
)
def test_a_head_that_can_be_read_two_ways_is_400(alice: Person, album: str, lines: list[str]) -> None:
    answer = send(alice.server, upload_head(alice, album, "", *lines), b"0\r\n\r\n", hang_up=True)
    assert answer is None or answer.status in (400, 411, 413, 431, 501), answer


@pytest.mark.usefixtures("nothing_left")
@pytest.mark.parametrize(
    "ending",
    [b"", b"0\r\n", b"5\r\nab", b"x\r\n", b"\r\n\r\n", b"-1\r\n\r\n", b"0\r\nContent-Length: 5\r\n\r\n"],
)
@pytest.mark.parametrize("endpoint", ["", "bulk/"])
def test_chunks_without_a_right_end_are_no_upload(alice: Person, album: str, ending: bytes, endpoint: str) -> None:
    """The form in them is whole."""
    body = part(b"x.jpg", GOOD, field=b"files" if endpoint else b"file") + CLOSING
    head = upload_head(alice, album, "", "Transfer-Encoding: chunked", endpoint=endpoint)
    answer = send(alice.server, head, chunk(body), ending, hang_up=True)
    assert answer is not None
    assert (answer.status, answer.problem()["code"]) == (400, "parse_error")


@pytest.mark.usefixtures("nothing_left")
@pytest.mark.parametrize("path", ["/albums/{}/upload/", "/api/v1/albums/{}/images/bulk/"])
def test_a_whole_form_in_cut_off_chunks_is_no_upload_in_a_session(alice: Person, album: str, path: str) -> None:
    """The CSRF check reads the body first, and hides that it has no end."""
    session = alice.portal()
    cookies = "; ".join(f"{cookie.name}={cookie.value}" for cookie in session.cookies)
    csrf = f"X-CSRFToken: {session.cookies['csrftoken']}"
    head = upload_head(alice, album, "", "Transfer-Encoding: chunked", f"Cookie: {cookies}", csrf)
    head = head.replace(f"/api/v1/albums/{album}/images/".encode(), path.format(album).encode())
    head = head.replace(f"Authorization: Bearer {alice.token}\r\n".encode(), b"")
    answer = send(alice.server, head, chunk(part(b"x.jpg", GOOD, field=b"files") + CLOSING), hang_up=True)
    assert answer is not None
    assert answer.status == 400


@pytest.mark.usefixtures("nothing_left")
def test_text_in_chunks_is_bounded_too(alice: Person, album: str) -> None:
    head = upload_head(alice, UNUSED_ID, "", "Transfer-Encoding: chunked")
    head = head.replace(f"/albums/{UNUSED_ID}/images/".encode(), b"/albums/")
    head = head.replace(b"multipart/form-data", b"application/json")
    answer = send(alice.server, head, chunk(b'{"title": "' + b"x" * 67_000))
    assert answer is not None
    problem = answer.problem()
    assert (answer.status, problem["code"], problem["limit"]) == (413, "file_too_large", 65_536)


REFUSED_HEADS = {
    "no HTTP": (b"nonsense\r\n\r\n", 400, "parse_error"),
    "no Host": (b"GET /healthz/live HTTP/1.1\r\n\r\n", 400, "parse_error"),
    "two Hosts": (b"GET /healthz/live HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400, "parse_error"),
    "a broken header": (b"GET / HTTP/1.1\r\nHost: a\r\nX Y: z\r\n\r\n", 400, "parse_error"),
    "a long address": (b"GET /?" + b"x" * 9000 + b" HTTP/1.1\r\nHost: a\r\n\r\n", 414, "uri_too_long"),
    "an endless address": (b"GET /?" + b"x" * 66_000, 414, "uri_too_long"),
    "a long header": (b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 9000 + b"\r\n\r\n", 431, "headers_too_large"),
    "many headers": (b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X: y\r\n" * 100 + b"\r\n", 431, "headers_too_large"),
    "endless headers": (b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 11_000, 431, "headers_too_large"),
    "an expectation": (b"GET / HTTP/1.1\r\nHost: a\r\nExpect: x\r\n\r\n", 417, "expectation_failed"),
    "a coding": (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: x\r\n\r\n", 501, "not_implemented"),
}


@pytest.mark.parametrize("what", REFUSED_HEADS)
def test_what_the_app_never_sees_is_refused_as_a_problem_too(alice: Person, what: str) -> None:
    head, status, code = REFUSED_HEADS[what]
    answer = send(alice.server, head)
    assert answer is not None
    assert (answer.status, answer.headers["Content-Type"]) == (status, "application/problem+json")
    problem = answer.problem()
    assert (problem["status"], problem["code"], problem["type"]) == (status, code, "about:blank")
    assert answer.headers["Connection"] == "close"


def test_a_client_of_http_1_0_needs_no_host(alice: Person) -> None:
    answer = send(alice.server, b"GET /healthz/live HTTP/1.0\r\n\r\n")
    assert answer is not None
    assert answer.status == 200


def test_a_refused_upload_leaves_the_connection_in_a_known_state(alice: Person, album: str) -> None:
    """Answered before its body was read, a connection is closed and says so, or goes on working."""
    for _ in range(20):
        assert alice.upload(UNUSED_ID, GOOD * 30).status_code == 404
        assert alice.get(f"albums/{album}/").status_code == 200
