"""What settings may say, and that each fault is one line that names the variable and tells no secret."""

import os
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from imagestore.kit.database_url import database_from_url, other_database_from_url
from imagestore.kit.env import Reader
from imagestore.kit.env_file import read_env_file
from imagestore.kit.env_values import (
    allowed_hosts,
    collector,
    listen_address,
    mailbox,
    networks,
    origin,
    sentry_dsn,
    site,
    web_address,
)
from imagestore.kit.hosts import is_at_home
from imagestore.kit.mail_url import mail_from_url
from tests.servers import ROOT

KEY = "k" * 32


def faults(reader: Reader) -> list[str]:
    with pytest.raises(ImproperlyConfigured) as stopped:
        reader.finish()
    return str(stopped.value).splitlines()


# ---- Values -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("104857600", 104_857_600), ("100M", 104_857_600), ("100m", 104_857_600), ("100 MB", 104_857_600),
        ("100MiB", 104_857_600), ("1.5G", 1_610_612_736), ("2K", 2048), ("1T", 2**40), ("7B", 7), ("", 5),
    ],
)  # fmt: skip
def test_sizes(text: str, size: int) -> None:
    assert Reader({"N": text}).size("N", 5) == size


@pytest.mark.parametrize(
    ("text", "seconds"), [("90", 90), ("90s", 90), ("5m", 300), ("1h", 3600), ("1d", 86_400), (" ", 7)]
)
def test_times_in_seconds(text: str, seconds: int) -> None:
    assert Reader({"N": text}).seconds("N", 7) == seconds


@pytest.mark.parametrize(("text", "days"), [("30", 30), ("30d", 30), ("48h", 2), ("0", 0)])
def test_times_in_days(text: str, days: int) -> None:
    assert Reader({"N": text}).days("N", 7) == days


@pytest.mark.parametrize(
    ("text", "said"), [("true", True), ("YES", True), ("1", True), ("off", False), ("0", False)]
)
def test_booleans(text: str, said: bool) -> None:
    assert Reader({"N": text}).boolean("N", not said) is said


def wrong(method: str, text: str, *args: Any, **options: Any) -> str:
    reader = Reader({"N": text})
    getattr(reader, method)("N", *args, **options)
    [line] = faults(reader)
    return line


@pytest.mark.parametrize(
    ("method", "text", "args", "line"),
    [
        ("integer", "abc", [1], "N must be a whole number from 1 to 4611686018427387904, not 'abc'."),
        ("integer", "0", [1], "N must be a whole number from 1 to 4611686018427387904, not '0'."),
        ("integer", "9" * 5000, [1], f"N must be a whole number from 1 to 4611686018427387904, not '{'9' * 60}'."),
        ("size", "1h", [1], "N must be a size such as 104857600, 100M or 2G, not '1h'."),
        ("size", "-1", [1], "N must be a size such as 104857600, 100M or 2G, not '-1'."),
        ("seconds", "100M", [1], "N must be seconds, or a time such as 3600, 60m or 1h, not '100M'."),
        ("seconds", "2d", [1], "N must be from 1 to 86400 whole seconds, not '2d'."),
        ("days", "1h", [1], "N must be from 0 to 36500 whole days, not '1h'."),
        ("boolean", "flase", [True], "N must be true or false, not 'flase'."),
        ("read", "http://x", [partial(allowed_hosts, beside=[]), []],
         "N must be names of hosts with commas between, without http:// and port, not 'http://x'."),
        ("read", "a b", [listen_address, ""],
         "N must be an address to listen on, such as 127.0.0.1, 0.0.0.0 or ::, not 'a b'."),
        ("read", "https://sentry.example.org/1", [sentry_dsn, ""],
         ("N must be the DSN of a project, such as https://key@sentry.example.org/1, "
          "not 'https://sentry.example.org/1'.")),
        ("read", "nobody", [mailbox, ""],
         "N must be a mail address, such as image-store <noreply@example.org>, not 'nobody'."),
        ("read", "10.0.0.0/99", [networks, []],
         ("N must be addresses or networks with commas between, such as 127.0.0.1,172.16.0.0/12, "
          "not '10.0.0.0/99'.")),
    ],
)  # fmt: skip
def test_a_wrong_value_is_one_sentence_with_the_name(method: str, text: str, args: list[Any], line: str) -> None:
    assert wrong(method, text, *args) == line


@pytest.mark.parametrize("path", ["1", "prefix/1"])
@pytest.mark.parametrize("key", ["key", "key:secret"])
def test_a_dsn_is_taken_as_it_is(path: str, key: str) -> None:
    dsn = f"https://{key}@sentry.example.org/{path}"
    assert sentry_dsn(dsn) == dsn


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("http://Collector:4318", "http://collector:4318"),
        ("https://otel.example.org/a-b/", "https://otel.example.org/a-b"),
    ],
)
def test_a_collector_may_be_under_a_path(text: str, address: str) -> None:
    assert collector(text) == address


@pytest.mark.parametrize(
    "text", ["collector:4318", "grpc://x:4317", "http://u:p@x", "http://x?key=1", "http://x#a"]
)
def test_a_collector_has_a_web_address_without_a_password(text: str) -> None:
    assert wrong("read", text, collector, "", is_secret=True) == (
        "N must be the address of a collector, without user, password and query: http://collector:4318."
    )


def test_a_size_out_of_range_names_the_range() -> None:
    assert wrong("size", "1", 5, least=2**28, most=2**40) == "N must be a size from 256M to 1T, not '1'."


def test_a_choice_names_the_choices() -> None:
    assert wrong("choice", "both", "a", choices=("a", "b", "c")) == "N must be a, b or c, not 'both'."
    assert Reader({"N": "INFO"}).choice("N", "x", choices=("info", "x")) == "info"


@pytest.mark.parametrize(
    "text",
    ["nonsense", "https://", "ftp://x", "https://x/path", "https://x?a", "https://x#a", "https://x # a", "https://u@x",
     "https://x:99999", "https://[::1", "x.example.org"],
)  # fmt: skip
def test_an_address_of_a_site_has_nothing_behind_its_port(text: str) -> None:
    with pytest.raises(ValueError, match="with nothing behind host and port: https://example"):
        origin("https://example")(text)


def test_an_address_of_a_site_may_end_with_a_slash() -> None:
    assert origin("")("https://Pictures.example.org:8443/") == "https://pictures.example.org:8443"


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("https://Example.org/", "https://example.org"),
        ("https://Example.org/Photos", "https://example.org/Photos"),
        ("http://nas.local:9999/a-b/c.d_e~f/", "http://nas.local:9999/a-b/c.d_e~f"),
    ],
)
def test_a_site_may_be_under_a_path(text: str, address: str) -> None:
    assert site(text) == address


@pytest.mark.parametrize(
    "path",
    ["//", "/a//b", "/.", "/../a", "/a/..", "/a b", "/a;b", "/%61", "/a?b", "/a#b", "/ä", "/a" * 9, "/a\n", "/(a)"],
)
def test_a_sites_path_needs_no_escapes(path: str) -> None:
    with pytest.raises(ValueError, match="the address of a site, such as"):
        site(f"https://example.org{path}")


@pytest.mark.parametrize(
    "text",
    [
        "hook",
        "https://",
        "ftp://x",
        "https://u:p@x/",
        "https://x/#a",
        "https://x/a b",
        "https://x:0",
        "https://[::1",
        "https://ä/",
    ],
)
def test_a_hook_has_a_web_address_without_a_password(text: str) -> None:
    with pytest.raises(ValueError, match="a web address without user and password"):
        web_address(text)


def test_a_hook_may_have_path_and_query_and_its_address_is_not_shown() -> None:
    reader = Reader({"N": "https://x:8443/hooks/purge?key=s3cret"})
    assert reader.read("N", web_address, "", is_secret=True) == "https://x:8443/hooks/purge?key=s3cret"
    assert [setting.shown for setting in reader.finish()] == ["(secret, not shown)"]
    reader = Reader({"N": "https://x/#s3cret"})
    reader.read("N", web_address, "", is_secret=True)
    assert "s3cret" not in faults(reader)[0]


# ---- Sources ----------------------------------------------------------------------------------


def test_the_environment_wins_over_the_first_file_and_that_over_the_second(tmp_path: Path) -> None:
    (tmp_path / "1").write_text("A=first\nB=first\n")
    (tmp_path / "2").write_text("A=second\nB=second\nC=second\n")
    reader = Reader({"A": "outside"})
    reader.read_file(tmp_path / "1")
    reader.read_file(tmp_path / "2")
    assert [reader.text(name) for name in "ABCD"] == ["outside", "first", "second", ""]
    origins = {setting.name: setting.origin for setting in reader.finish()}
    assert origins == {"A": "environment", "B": str(tmp_path / "1"), "C": str(tmp_path / "2"), "D": "default"}


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("N=plain", "plain"), ("export N=plain", "plain"), ("N='a # b'", "a # b"), ('N="a \\" # b" # c', 'a " # b'),
        ("N=a # comment", "a"), ("N=a#b", "a#b"), ("N= a ", "a"), ("N=", ""), ("N=# comment", ""),
        ("N=$HOME", "$HOME"), ("N=a=b", "a=b"),
    ],
)  # fmt: skip
def test_a_line_of_a_file(tmp_path: Path, line: str, value: str) -> None:
    (tmp_path / ".env").write_text(f"# comment\n\n  # another\n{line}\n")
    assert list(read_env_file(tmp_path / ".env")) == [(4, "N", value)]


def test_a_line_that_is_none_is_named_by_its_number_alone(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("A=1\nSECRET_KEY hunter2\n")
    reader = Reader({})
    reader.read_file(tmp_path / ".env")
    assert faults(reader) == [f"{tmp_path}/.env, line 2, is not understood: write NAME=value."]


def test_a_value_may_be_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "url").write_text("https://x.example\n")
    (tmp_path / "key").write_text(KEY + "\n")
    reader = Reader({"N_FILE": str(tmp_path / "url"), "K_FILE": str(tmp_path / "key"), "M_FILE": "/no/such"})
    # Without its line end a key would be another key than before.
    assert (reader.text("N"), reader.key("K"), reader.text("M")) == ("https://x.example", KEY + "\n", "")
    assert faults(reader) == ["M_FILE names a file that cannot be read: No such file or directory."]


def test_a_token_of_a_file_is_without_its_line_end(tmp_path: Path) -> None:
    """No header could carry it: each request to the CDN's hook would fail, and no scrape would be let in."""
    (tmp_path / "token").write_text(f"{KEY}\n")
    assert Reader({"N_FILE": str(tmp_path / "token")}).token("N") == KEY


@pytest.mark.parametrize("value", ["short", f"{KEY}\n{KEY}", f"{KEY}€", f"{KEY}\x7f"])
def test_a_token_that_no_header_could_carry_is_refused(value: str) -> None:
    reader = Reader({"N": value})
    reader.token("N")
    assert faults(reader) == ["N must be 32 characters or more, each of ASCII."]


# ---- Names --------------------------------------------------------------------------------------


def test_a_misspelt_name_is_told_with_the_right_one(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("MAX_UPLOAD_SIZE=1\nNGINX_PORT=80\nCOMPOSE_PROJECT_NAME=x\n")
    reader = Reader({"MAX_UPLAOD_BYTES": "1", "HOSTNAME": "web", "NGINX_HOST": "x", "MAX_UPLOAD_BYTES_FILE": ""})
    reader.read_file(tmp_path / ".env")
    reader.size("MAX_UPLOAD_BYTES", 1)
    reader.text("HOST")
    reader.refuse_unknown(["COMPOSE_.+"])
    assert faults(reader) == [
        "MAX_UPLAOD_BYTES (environment) is no setting. Did you mean MAX_UPLOAD_BYTES?",
        f"MAX_UPLOAD_SIZE ({tmp_path}/.env) is no setting. Did you mean MAX_UPLOAD_BYTES?",
        f"NGINX_PORT ({tmp_path}/.env) is no setting of this store. Remove the line.",
    ]


# ---- URLs with a password -------------------------------------------------------------------------

PIECES = ["hunter", "2secret"]


@pytest.mark.parametrize(
    "url",
    [
        "nonsense", "mysql://u:hunter/2secret@db/store", "mysql://u:hunter#2secret@db/store",
        "mysql://u:hunter?2secret@db/store", "mysql://u:1/2secret@db/store", "mysql://u:1?2secret@db/store",
        "mysql://u:hunter[2secret@db/store", "mysql://u:hunter 2secret@db/store", "mysql://u:hunter@db",
        "mysql://u:hunter@db:port/store", "mysql:///store", "mysql://u:hunter@db/store?no_such=1",
        "postgres://u:hunter@db/store", "sqlite://hunter/2secret", "mysql://u:hunter@db/store?connect_timeout=x",
    ],
)  # fmt: skip
def test_a_wrong_database_url_is_one_sentence_without_a_piece_of_it(url: str) -> None:
    with pytest.raises(ImproperlyConfigured) as stopped:
        database_from_url(url, Path("/data/db.sqlite3"))
    [line] = str(stopped.value).splitlines()
    assert line.startswith("DATABASE_URL must look like mysql://user:password@host:3306/name")
    assert [piece for piece in PIECES if piece in line] == []


def test_a_wrong_new_database_url_names_its_own_setting() -> None:
    with pytest.raises(ImproperlyConfigured, match=r"^NEW_DATABASE_URL must look like mysql://user:password@host"):
        other_database_from_url("postgres://u:hunter@db/store", "NEW_DATABASE_URL")
    assert other_database_from_url("", "NEW_DATABASE_URL") == {}


def test_database_urls() -> None:
    default = Path("/data/db.sqlite3")
    assert database_from_url("", default)["NAME"] == "/data/db.sqlite3"
    assert database_from_url("sqlite:////srv/a%20b.sqlite3", default)["NAME"] == "/srv/a b.sqlite3"
    entry = database_from_url("mysql://u:a%2Fb%40c@localhost/store?unix_socket=/run/x.sock", default)
    assert (entry["USER"], entry["PASSWORD"], entry["HOST"], entry["NAME"]) == ("u", "a/b@c", "localhost", "store")
    assert entry["OPTIONS"]["unix_socket"] == "/run/x.sock"
    assert database_from_url("mysql://u:p@[::1]:3307/store", default)["PORT"] == 3307


@pytest.mark.parametrize(
    "url",
    ["nonsense", "smtp://u:hunter/2secret@mail", "smtp://u:hunter#2secret@mail", "smtp+tls://u:1/2secret@mail",
     "smtp://u:1?2secret@mail", "smtp://u:hunter@", "smtp://mail:port", "smtp://u@mail", "http://u:hunter@mail"],
)  # fmt: skip
def test_a_wrong_mail_url_is_one_sentence_without_a_piece_of_it(url: str) -> None:
    with pytest.raises(ImproperlyConfigured) as stopped:
        mail_from_url(url)
    [line] = str(stopped.value).splitlines()
    assert line.startswith("EMAIL_URL must look like smtp+tls://user:password@host:587")
    assert [piece for piece in PIECES if piece in line] == []


def test_mail_urls() -> None:
    entry = mail_from_url("smtp+tls://me%40example.org:a%2Fb@mail.example.org")
    assert (entry["EMAIL_HOST_USER"], entry["EMAIL_HOST_PASSWORD"]) == ("me@example.org", "a/b")
    assert (entry["EMAIL_PORT"], entry["EMAIL_USE_TLS"], entry["EMAIL_USE_SSL"]) == (587, True, False)
    assert entry["EMAIL_BACKEND"] == "imagestore.kit.smtp.SmtpBackend"
    assert mail_from_url("consolemail://")["EMAIL_BACKEND"] == "django.core.mail.backends.console.EmailBackend"


def test_a_url_is_shown_without_its_password() -> None:
    reader = Reader({"URL": "mysql://u:hunter2@db/store"})
    reader.url("URL", lambda url: url)
    [setting] = reader.finish()
    assert setting.shown == "mysql://u:***@db/store"


# ---- The settings as a whole ----------------------------------------------------------------------


def manage(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT, env={**os.environ, **environment}, capture_output=True, text=True, timeout=60,
    )  # fmt: skip


@pytest.mark.slow
def test_all_faults_are_told_at_once_each_in_a_line() -> None:
    wrong = {
        "MAX_UPLOAD_BYTES": "abc", "LINK_WINDOW": "100M", "CHILD_MEMORY_BYTES": "1", "USER_QUOTA_BYTES": "-1",
        "MEDIA_BASE_URL": "nonsense", "SITE_URL": "https://x/../path", "DATABASE_URL": "mysql://u:hunter/2@h/n",
        "EMAIL_URL": "smtp://u:hunter/2@h", "REDIS_URL": "x", "STORAGE_URL": "x", "SECRET_KEY": "short",
        "PORT": "0", "HOST": "a b", "CONNECTIONS": "x", "GRACEFUL_TIMEOUT": "x", "DEBUG": "flase",
        "LOG_LEVEL": "loud",
    }  # fmt: skip
    ended = manage("check_settings", **wrong)
    lines = ended.stderr.splitlines()
    assert (ended.returncode, ended.stdout, len(lines)) == (2, "", len(wrong))
    assert {line.removeprefix("A setting is wrong: ").split()[0] for line in lines} == wrong.keys()
    assert "hunter" not in ended.stderr


def settings_said(**environment: str) -> tuple[int, list[str]]:
    ended = manage("check_settings", **{"FORWARDED_ALLOW_IPS": "10.0.0.1", "NUM_PROXIES": "1", **environment})
    return ended.returncode, [line.split(": ", 1)[1] for line in ended.stderr.splitlines()]


@pytest.mark.slow
def test_settings_that_are_wrong_together_are_refused() -> None:
    """Each alone is right."""
    code, lines = settings_said(
        SITE_URL="https://pictures.example.org",
        DEBUG="true",
        SECRET_KEY=KEY,
        SECRET_KEY_FALLBACKS=f"{'a' * 32},{'b' * 32}",
        METRICS_TOKEN=KEY,
        CDN_PURGE_TOKEN="b" * 32,
        EMAIL_VERIFICATION="mandatory",
        DATABASE_URL="mysql://u:p@db/store",
        MIGRATION_DATABASE_URL="mysql://v:p@db/another",
    )
    assert code == 2
    assert [line.split()[0] for line in lines] == [
        "MIGRATION_DATABASE_URL", "DEBUG", "METRICS_TOKEN", "CDN_PURGE_TOKEN", "EMAIL_VERIFICATION=mandatory",
    ]  # fmt: skip
    assert KEY not in "".join(lines)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("site", "code"), [("http://pictures.example.org", 2), ("https://nas.local", 2), ("http://nas.local:9999", 0)]
)
def test_debug_pages_are_for_a_home_alone(site: str, code: int) -> None:
    assert settings_said(SITE_URL=site, DEBUG="true")[0] == code


RISKY = {
    "ALLOWED_HOSTS": "*", "USER_QUOTA_BYTES": "0", "FORWARDED_ALLOW_IPS": "*", "EMAIL_VERIFICATION": "optional",
    "SECRET_KEY": KEY, "JWT_SIGNING_KEY": KEY,
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize(
    ("site", "warnings"),
    [
        (
            "http://pictures.example.org",
            ["http://pictures.example.org", "ALLOWED_HOSTS=*", "Without", "SIGNUP=open"],
        ),
        ("http://nas.local:9999", []),
    ],
)
def test_what_is_right_at_home_is_a_warning_elsewhere(site: str, warnings: list[str]) -> None:
    code, lines = settings_said(SITE_URL=site, **RISKY)
    assert (code, [line.split()[0] for line in lines]) == (
        0,
        ["JWT_SIGNING_KEY", *warnings, "FORWARDED_ALLOW_IPS=*"],
    )


@pytest.mark.parametrize(
    ("host", "at_home"),
    [
        ("localhost", True), ("nas", True), ("nas.local", True), ("192.168.1.20", True), ("100.64.0.1", True),
        ("::1", True), ("fe80::1%eth0", True), ("8.8.8.8", False), ("2606:4700::1", False),
        ("local.example.org", False), ("example.org", False),
    ],
)  # fmt: skip
def test_hosts_of_a_home(host: str, at_home: bool) -> None:
    assert is_at_home(host) == at_home


@pytest.mark.slow
def test_an_ipv6_address_in_site_url_is_allowed() -> None:
    """With brackets, as Django compares it with the header Host."""
    ended = manage("check_settings", SITE_URL="http://[fd00::2]:9999")
    assert "ALLOWED_HOSTS = [fd00::2], localhost, 127.0.0.1, [::1]  (default)" in ended.stdout


@pytest.mark.slow
def test_further_hosts_leave_the_stores_own_names_allowed() -> None:
    """An operator adds what the page of a refused host names."""
    ended = manage("check_settings", SITE_URL="http://nas.local:9999", ALLOWED_HOSTS="192.168.1.20,localhost")
    assert "ALLOWED_HOSTS = nas.local, localhost, 127.0.0.1, [::1], 192.168.1.20  (environment)" in ended.stdout


@pytest.mark.slow
def test_check_settings_prints_what_holds_and_whence_but_no_secret(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("MAX_UPLOAD_BYTES=200M # large\nALLOWED_HOSTS=\nHOST=\n")
    ended = manage("check_settings", ENV_FILE=str(tmp_path / ".env"), REDIS_URL="redis://:hunter2@cache/0")
    assert ended.returncode == 0
    assert "MAX_UPLOAD_BYTES = 209715200  " + f"({tmp_path}/.env)" in ended.stdout
    assert "ALLOWED_HOSTS = localhost, 127.0.0.1, [::1]  (default)" in ended.stdout
    assert "HOST = 127.0.0.1  (default)" in ended.stdout
    assert "REDIS_URL = redis://:***@cache/0  (environment)" in ended.stdout
    assert "SECRET_KEY = (secret, not shown)  (environment)" in ended.stdout
    assert os.environ["SECRET_KEY"] not in ended.stdout
    assert "hunter2" not in ended.stdout
