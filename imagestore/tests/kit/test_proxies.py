"""Only proxies of ours may say for whom they speak."""

from typing import Any

import pytest

from imagestore.kit.proxies import TrustedProxies, networks_of

SAID = {
    "HTTP_X_FORWARDED_PROTO": "https",
    "HTTP_X_FORWARDED_FOR": "198.51.100.1",
    "HTTP_X_FORWARDED_HOST": "evil.example",
    "HTTP_X_FORWARDED_PORT": "443",
    "HTTP_FORWARDED": "for=198.51.100.1",
    "HTTP_X_REAL_IP": "198.51.100.1",
}
PLAIN = {"HTTP_HOST": "pictures.example.org", "wsgi.url_scheme": "http"}


def seen(peer: str, proxies: list[str], said: dict[str, str] | None = None) -> dict[str, Any]:
    """What Django sees of a request of this peer."""
    environ = {**PLAIN, **(SAID if said is None else said), "REMOTE_ADDR": peer}
    TrustedProxies(lambda environ, start_response: [], networks_of(proxies))(environ, None)
    return environ


@pytest.mark.parametrize(
    ("peer", "proxies"),
    [
        ("203.0.113.9", []),
        ("203.0.113.9", ["203.0.113.8"]),
        ("203.0.113.9", ["203.0.112.0/24"]),
        ("127.0.0.1", ["10.0.0.0/8"]),
        ("::ffff:203.0.113.9", ["203.0.113.8"]),
        ("2001:db8::9", ["2001:db8::8", "0.0.0.0/0"]),
        ("", ["127.0.0.1"]),
        ("nonsense", ["*"]),
    ],
)
def test_any_other_peer_is_believed_nothing(peer: str, proxies: list[str]) -> None:
    assert seen(peer, proxies) == {**PLAIN, "REMOTE_ADDR": peer}


@pytest.mark.parametrize(
    ("peer", "proxies"),
    [
        ("203.0.113.9", ["203.0.113.9"]),
        ("203.0.113.9", ["127.0.0.1", " 203.0.113.0/24"]),
        ("203.0.113.9", ["203.0.113.1/24"]),
        ("::ffff:203.0.113.9", ["203.0.113.9"]),
        ("2001:db8::9", ["2001:db8::/32"]),
        ("203.0.113.9", ["*"]),
        ("2001:db8::9", ["*"]),
    ],
)
def test_a_proxy_of_ours_is_believed(peer: str, proxies: list[str]) -> None:
    assert seen(peer, proxies) == {**PLAIN, **SAID, "wsgi.url_scheme": "https", "REMOTE_ADDR": peer}


@pytest.mark.parametrize(
    ("said", "scheme"),
    [
        ("https", "https"),
        ("http", "http"),
        ("http, https", "https"),
        ("https, http", "http"),
        ("", "http"),
        ("ssl", "http"),
    ],
)
def test_the_scheme_is_what_the_nearest_proxy_says(said: str, scheme: str) -> None:
    assert seen("127.0.0.1", ["127.0.0.1"], {"HTTP_X_FORWARDED_PROTO": said})["wsgi.url_scheme"] == scheme


@pytest.mark.parametrize("text", ["proxy.example.org", "10.0.0.0/33", "10.0.0", ""])
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        networks_of([text])
