"""Every setting of the store, on one page.

A value comes from the environment, else from `.env` beside manage.py, else from `$DATA_DIR/secrets.env`.
A file may hold it, too: `SECRET_KEY_FILE=/run/secrets/key`.
"""

import re
import tomllib
from datetime import timedelta
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import structlog
from csp.constants import NONE, SELF

from images.storage.url import storage_from_url
from imagestore.kit.broker import broker_from_url
from imagestore.kit.cache_url import cache_from_url
from imagestore.kit.database_url import database_from_url, other_database_from_url
from imagestore.kit.env import Reader
from imagestore.kit.env_values import (
    allowed_hosts,
    collector,
    listen_address,
    mailbox,
    networks,
    origin,
    rsa_key,
    sentry_dsn,
    site,
    web_address,
)
from imagestore.kit.hosts import LOCAL_NAMES, is_at_home
from imagestore.kit.logging import processors
from imagestore.kit.mail_url import mail_from_url

BASE_DIR = Path(__file__).resolve().parent.parent
# The version of this code; `/healthz/ready`, the admin and the server's first line show it. The API has its own.
VERSION: str = tomllib.loads((BASE_DIR / "pyproject.toml").read_text())["project"]["version"]

env = Reader()
env.read_named_file(BASE_DIR / ".env")

# The folder of all data: SQLite's database, images, staging, secrets.
DATA_DIR = Path(env.text("DATA_DIR", str(BASE_DIR / "data"))).resolve()
env.read_file(DATA_DIR / "secrets.env")

_MIB, _GIB, _TIB = 2**20, 2**30, 2**40

# ---- Address and keys -----------------------------------------------------------------------

# Where the server listens (deploy/gunicorn.conf.py); an IPv6 address with or without brackets.
HOST = env.read("HOST", listen_address, "127.0.0.1")
PORT = env.integer("PORT", 9999, most=65_535)
# The address of the store. Links in mails point to it; https here turns on secure cookies and HSTS. Under a path of
# its own (https://example.org/photos) every address of the store begins with that path (docs/sub-path.md).
SITE_URL = env.read("SITE_URL", site, f"http://localhost:{PORT}")
_site = urlsplit(SITE_URL)
# Django puts it before each address. imagestore.kit.sub_path takes it from the path of each request.
FORCE_SCRIPT_NAME = _site.path or None

# Signs sessions and links to files; the fallbacks are old keys that stay valid while the key changes.
SECRET_KEY = env.key("SECRET_KEY")
SECRET_KEY_FALLBACKS = env.keys("SECRET_KEY_FALLBACKS")

# Shows debug pages to developers; leave it off where others can reach the server.
DEBUG = env.boolean("DEBUG", False)
# The server answers only requests for these hosts; `/healthz/` and `/metrics` (imagestore.health) answer any.
_own_name = f"[{_site.hostname}]" if ":" in str(_site.hostname) else str(_site.hostname)
_own_names = list(dict.fromkeys([_own_name, *LOCAL_NAMES]))
ALLOWED_HOSTS = env.read("ALLOWED_HOSTS", partial(allowed_hosts, beside=_own_names), _own_names)

# Proxies of ours, by address or network: 10.0.0.5,172.16.0.0/12. X-Forwarded-* counts only from them.
TRUSTED_PROXIES = env.read("FORWARDED_ALLOW_IPS", networks, [])
# So many proxies of ours each add an entry to X-Forwarded-For; 0 is no proxy: the header is never read.
NUM_PROXIES = env.integer("NUM_PROXIES", 0, least=0, most=20)
if (NUM_PROXIES or _site.scheme == "https") and not TRUSTED_PROXIES:
    env.fault(
        "Behind a proxy (SITE_URL with https, or NUM_PROXIES) set FORWARDED_ALLOW_IPS to the proxy's address: "
        "otherwise the server believes nothing that the proxy says, and every request looks like plain http."
    )
if TRUSTED_PROXIES and not NUM_PROXIES:
    env.fault(
        "Behind a proxy (FORWARDED_ALLOW_IPS) set NUM_PROXIES to the number of proxies that add an entry to "
        "X-Forwarded-For, mostly 1: otherwise the server does not know its clients' addresses, and limits none."
    )

# What Prometheus sends to read `/metrics`; without it nobody may.
METRICS_TOKEN = env.token("METRICS_TOKEN")
# Where a Celery worker answers it, at HOST; it serves nothing else. 0 is nowhere.
WORKER_METRICS_PORT = env.integer("WORKER_METRICS_PORT", 0, least=0, most=65_535)
if WORKER_METRICS_PORT and not METRICS_TOKEN:
    env.fault("WORKER_METRICS_PORT needs METRICS_TOKEN: without it nobody may read the metrics.")

# ---- Limits ---------------------------------------------------------------------------------

# The store refuses larger files.
MAX_UPLOAD_BYTES = env.size("MAX_UPLOAD_BYTES", 100 * _MIB, least=1024, most=_TIB)
# The store refuses images with more pixels. Formats that need much memory for a pixel have a lower limit of their
# own (images/processing/formats.py).
MAX_PIXELS = env.integer("MAX_PIXELS", 220_000_000, most=10**9)
# One bulk request or one form may carry so many files.
MAX_BULK_FILES = DATA_UPLOAD_MAX_NUMBER_FILES = 100
# One user's originals may take up so many bytes; 0 is no limit. The admin can set another quota for a user.
USER_QUOTA_BYTES = env.size("USER_QUOTA_BYTES", 10 * _GIB, least=0) or None
# One user may have so many albums, the trash included.
MAX_ALBUMS = env.integer("MAX_ALBUMS", 10_000)
# One user's uploads that are arriving may take up so many bytes of staging, and one request may have so many.
STAGING_USER_BYTES = env.size("STAGING_USER_BYTES", MAX_BULK_FILES * MAX_UPLOAD_BYTES)
if STAGING_USER_BYTES < MAX_UPLOAD_BYTES:
    env.fault("STAGING_USER_BYTES must not be less than MAX_UPLOAD_BYTES.")
# Uploads leave so many bytes of staging's disk free; unset is a tenth of the disk, at most 1 GiB.
STAGING_MIN_FREE_BYTES = env.size("STAGING_MIN_FREE_BYTES", None, least=0)
# A resumable upload ends so long after its last bytes came. One user may have so many of them open.
UPLOAD_EXPIRY = timedelta(seconds=env.seconds("UPLOAD_EXPIRY", 86_400, least=60, most=2_592_000))
MAX_OPEN_UPLOADS = env.integer("MAX_OPEN_UPLOADS", 1000, most=100_000)
# Deleted albums and images stay in the trash for so many days; 0 is no trash, so deletion is for ever.
TRASH_DAYS = env.days("TRASH_DAYS", 30)
# Within so many days the scrub compares the SHA-256 of every original (images.upkeep.scrub); 0 is no scrub.
SCRUB_DAYS = timedelta(days=env.days("SCRUB_DAYS", 30))

# So many images are rendered at once, each in its own child process.
RENDER_WORKERS = env.integer("RENDER_WORKERS", 2, most=256)
# So many uploads are probed at once, each in its own child process; no upload waits for rendering.
PROBE_WORKERS = env.integer("PROBE_WORKERS", 2, most=256)
# So many threads read, write and delete files at once.
STORAGE_WORKERS = env.integer("STORAGE_WORKERS", 8, most=256)
# One child process may take up so many bytes of address space, seconds of processor time and of wall time. A render
# gets less processor time than that where the picture is small (images.rendering.limits).
CHILD_MEMORY_BYTES = env.size("CHILD_MEMORY_BYTES", 3 * _GIB, least=256 * _MIB, most=_TIB)
CHILD_CPU_SECONDS = env.seconds("CHILD_CPU_SECONDS", 60)
CHILD_WALL_SECONDS = env.seconds("CHILD_WALL_SECONDS", 120)
# The server does not start where the kernel lacks part of the sandbox of child processes (Landlock, seccomp).
REQUIRE_SANDBOX = env.boolean("REQUIRE_SANDBOX", False)
# So many passwords are hashed at once, each in 100 MiB of memory. Others wait up to 10 seconds for that.
HASH_WORKERS = env.integer("HASH_WORKERS", 2, most=64)
# So many requests are answered at once (deploy/gunicorn.conf.py); at most half of them wait for a
# password's hash, and a quarter more that known browsers have.
THREADS = env.integer("THREADS", 32, most=1000)
# So many clients are connected at once (deploy/gunicorn.conf.py); one address has half of them at most.
CONNECTIONS = env.integer("CONNECTIONS", 1000, least=2, most=10_000)
# From SIGTERM to SIGKILL, in seconds (deploy/gunicorn.conf.py).
GRACEFUL_TIMEOUT = env.seconds("GRACEFUL_TIMEOUT", 30, most=3600)
# A client must send each 64 KiB of its body, or the rest of it, within this time.
BODY_GRACE_SECONDS = env.seconds("BODY_GRACE_SECONDS", 20, most=3600)
# A body without files may have so many bytes, and must be here within so many seconds in all.
MAX_TEXT_BYTES = env.size("MAX_TEXT_BYTES", 64 * 1024, least=1024, most=16 * _MIB)
TEXT_BODY_SECONDS = env.seconds("TEXT_BODY_SECONDS", 10, most=3600)
# The requests of one address (for IPv6: one /64) that are in work at once; more wait. Raise it where many people
# share an address.
ADDRESS_REQUESTS = env.integer("ADDRESS_REQUESTS", 4, most=1000)
# Django's own limit, for the one endpoint that takes more: a list of 1,000 checksums.
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * MAX_TEXT_BYTES

# ---- Apps, requests, pages ------------------------------------------------------------------

INSTALLED_APPS = [
    "imagestore.operators.apps.SiteConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.humanize",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "csp",
    "accounts",
    "albums",
    "images",
    "imagestore.portal",
    "imagestore.operators",
]

MIDDLEWARE = [
    "imagestore.kit.middleware.SoundHttp",
    # Must stand before every middleware that asks for the host.
    "imagestore.health.AnyHost",
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "imagestore.kit.middleware.CompressedText",
    "imagestore.kit.middleware.PrivateByDefault",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "imagestore.kit.logging.RequestLogMiddleware",
    "imagestore.kit.middleware.Language",
    "imagestore.kit.middleware.SlashesOfPages",
    # Must stand before every middleware that reads a body.
    "imagestore.kit.middleware.Utf8Only",
    # Must stand before CSRF, which reads the whole body: the gate refuses an upload by its headers.
    "images.uploads.gate.UploadGate",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "imagestore.kit.middleware.LoginRequired",
    "allauth.account.middleware.AccountMiddleware",
    "imagestore.kit.errors.ProblemPages",
]

ROOT_URLCONF = "imagestore.urls"
WSGI_APPLICATION = "imagestore.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
            # Every template may hold texts to translate.
            "builtins": ["django.templatetags.i18n"],
        },
    },
]
# Load form templates through TEMPLATES, so that ours replace Django's.
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"
INSTALLED_APPS.append("django.forms")

# Texts are written in English. A folder in `locale` makes a further language (CONTRIBUTING.md, "Add a language").
LANGUAGE_CODE = "en"
LOCALE_PATHS = [BASE_DIR / "imagestore" / "locale"]
# Only languages that have all texts are offered: others would stand beside English on one page.
LANGUAGES = [("en", "English"), ("de", "Deutsch")]
TIME_ZONE = "UTC"
USE_TZ = True

# ---- Database -------------------------------------------------------------------------------

# One statement of the server may take so many seconds (imagestore.kit.database.limit_statement_time).
DATABASE_TIMEOUT = env.seconds("DATABASE_TIMEOUT", 5, most=600)
# SQLite in DATA_DIR, or a server with MySQL's protocol.
_default_database = DATA_DIR / "db.sqlite3"
DATABASES = {"default": env.url("DATABASE_URL", partial(database_from_url, default=_default_database))}
# Where `manage.py migrate_database` copies all rows to; the server does not use it.
if _new_database := env.url("NEW_DATABASE_URL", partial(other_database_from_url, name="NEW_DATABASE_URL")):
    DATABASES["new"] = _new_database
# The same database with an account that may change tables, for `manage.py migrate` and `restore` alone; then the
# account of DATABASE_URL need not.
if _migrator := env.url("MIGRATION_DATABASE_URL", partial(other_database_from_url, name="MIGRATION_DATABASE_URL")):
    DATABASES["migration"] = _migrator
    if [_migrator[key] for key in ("ENGINE", "NAME")] != [DATABASES["default"][key] for key in ("ENGINE", "NAME")]:
        env.fault("MIGRATION_DATABASE_URL must name the database of DATABASE_URL, with another account.")

SILENCED_SYSTEM_CHECKS = [
    # MySQL skips allauth's conditional unique constraints; accounts.User.email is unique without a condition.
    "models.W036",
    # HSTS for subdomains and in browsers' preload lists: the owner of the domain must decide on that.
    "security.W005",
    "security.W021",
]

# Counters of attempts: in Redis for all servers together; without REDIS_URL, in the memory of each server.
CACHES = {"default": env.url("REDIS_URL", cache_from_url)}

# The broker by which servers tell Celery workers of waiting images, RabbitMQ or Redis; without one, servers render.
CELERY_BROKER_URL = env.url("CELERY_BROKER_URL", broker_from_url)

# ---- Files ----------------------------------------------------------------------------------

# Uploads are received into this folder on local disk, then copied to the storage.
STAGING_DIR = DATA_DIR / "staging"
STORAGES: dict[str, dict[str, Any]] = {
    # A folder in DATA_DIR, another folder (file:///…) or an S3 bucket (s3://KEY:SECRET@host:port/bucket/folder).
    "images": env.url("STORAGE_URL", partial(storage_from_url, default=DATA_DIR / "images")),
    "staticfiles": {"BACKEND": "imagestore.kit.static.StaticStorage"},
}
# Where `manage.py migrate_storage` copies all files to; the server does not read it.
if _new_storage := env.url("NEW_STORAGE_URL", lambda url: storage_from_url(url, DATA_DIR) if url else {}):
    STORAGES["new"] = _new_storage
STATIC_URL = f"{_site.path}/static/"
STATIC_ROOT = DATA_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]

# A signed link is the same for all users within this window, and works until the end of the next window. Those to
# originals have a shorter one.
LINK_WINDOW = timedelta(seconds=env.seconds("LINK_WINDOW", 86_400, least=60, most=31_536_000))
ORIGINAL_LINK_WINDOW = timedelta(seconds=env.seconds("ORIGINAL_LINK_WINDOW", 3600, least=60, most=31_536_000))
# The newest signs, the others are still accepted. Without a key of their own, links are signed with SECRET_KEY.
_link_key = env.key("LINK_SIGNING_KEY", required=False)
LINK_SIGNING_KEYS = [_link_key] if _link_key else [SECRET_KEY, *SECRET_KEY_FALLBACKS]
# The address of a CDN in front of /media/, to which links then point: https://cdn.example.org
MEDIA_BASE_URL = env.read("MEDIA_BASE_URL", origin("https://cdn.example.org"), "")
# With the key pair of a CloudFront that reads the bucket of STORAGE_URL itself, links are signed for it, and lead
# past the store (images.delivery.cloudfront).
CLOUDFRONT_KEY_ID = env.text("CLOUDFRONT_KEY_ID")
CLOUDFRONT_KEY = env.read("CLOUDFRONT_KEY", rsa_key, "", is_secret=True)
if bool(CLOUDFRONT_KEY_ID) != bool(CLOUDFRONT_KEY):
    env.fault("CLOUDFRONT_KEY_ID and CLOUDFRONT_KEY belong together: set both or neither.")
if CLOUDFRONT_KEY_ID and not (MEDIA_BASE_URL and STORAGES["images"]["BACKEND"].endswith("S3ImageStorage")):
    env.fault("CLOUDFRONT_KEY_ID needs the bucket that CloudFront reads, in STORAGE_URL, and MEDIA_BASE_URL.")
elif CLOUDFRONT_KEY_ID:
    STORAGES["images"]["OPTIONS"] |= {"cloudfront_key_id": CLOUDFRONT_KEY_ID, "cloudfront_key": CLOUDFRONT_KEY}
# Where the store posts which images were deleted for ever, so that the CDN drops them (images.deletion.cdn). The
# address may hold a secret; the token is sent as `Authorization: Bearer …`.
CDN_PURGE_URL = env.read("CDN_PURGE_URL", web_address, "", is_secret=True)
CDN_PURGE_TOKEN = env.token("CDN_PURGE_TOKEN")

# ---- Accounts and tokens --------------------------------------------------------------------

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.ModelBackend"]
PASSWORD_HASHERS = [
    "imagestore.kit.hashers.GatedArgon2Hasher",
    "imagestore.kit.hashers.GatedPBKDF2Hasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ["email", "name"]},
    },
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "accounts.adapter.MaximumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "album-list"
LOGOUT_REDIRECT_URL = "landing"

ACCOUNT_ADAPTER = "accounts.adapter.AccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
# none, optional (sends a mail) or mandatory (the first log-in must wait for the mail's link).
ACCOUNT_EMAIL_VERIFICATION = env.choice("EMAIL_VERIFICATION", "none", choices=("none", "optional", "mandatory"))
# Who may make an account: open (any visitor), invitation (whom the operator sends a link) or closed.
SIGNUP = env.choice("SIGNUP", "open", choices=("open", "invitation", "closed"))
# Our forms in place of allauth's.
ACCOUNT_FORMS = {
    "login": "imagestore.portal.forms.accounts.LoginForm",
    "signup": "imagestore.portal.forms.accounts.SignupForm",
    "change_password": "imagestore.portal.forms.accounts.ChangePasswordForm",
    "reset_password": "imagestore.portal.forms.accounts.ResetPasswordForm",
    "reset_password_from_key": "imagestore.portal.forms.accounts.ResetPasswordKeyForm",
    "user_token": "imagestore.portal.forms.accounts.ResetKeyForm",
}
# Limits on attempts by pages and API together: per IP address (for IPv6 per /64), per e-mail ("key") or per user.
ACCOUNT_RATE_LIMITS = {
    # Log-ins (accounts.attempts). allauth's own limit is off, because it stops known browsers, too.
    "login": None,
    "login_of_address": "30/m/ip",
    # The key is mailbox and address together.
    "login_failed": "10/m/ip,5/5m/key",
    # At one mailbox from all addresses, browsers that it knows left out.
    "login_failed_mailbox": "100/h/key",
    "login_failed_known_browser": "5/5m/key",
    "signup": "20/m/ip",
    "reset_password": "20/m/ip",
    # The key is mailbox and address together: else strangers could stop the resets of any mailbox.
    "reset_password_of_mailbox": "5/m/key",
    "reauthenticate": "10/m/user",
    "change_password": "5/m/user",
    "confirm_email": "1/3m/key",
    # Mails of one subject that leave for one mailbox (accounts.outbox.sender).
    "mail": "1/3m/key,10/d/key",
    # The same for mails that a browser asks for which the mailbox knows: strangers cannot use these up.
    "mail_for_known_browser": "1/3m/key,10/d/key",
}
# One user may have so many logins by the API, and so many sessions of the portal; a new one ends the oldest.
MAX_LOGINS = env.integer("MAX_LOGINS", 50, most=10_000)
SESSION_ENGINE = "accounts.sessions"
# The link of a password reset mail works for so many seconds.
PASSWORD_RESET_TIMEOUT = 3600
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = False

# Signs the API's tokens; the fallbacks are old keys that stay valid while the key changes.
JWT_SIGNING_KEY = env.key("JWT_SIGNING_KEY")
JWT_SIGNING_KEY_FALLBACKS = env.keys("JWT_SIGNING_KEY_FALLBACKS")
SIMPLE_JWT = {
    "ALGORITHM": "HS256",
    "SIGNING_KEY": JWT_SIGNING_KEY,
    "ISSUER": "image-store",
    "AUDIENCE": "image-store-api",
    "LEEWAY": 10,
    "ACCESS_TOKEN_LIFETIME": timedelta(minutes=15),
    "REFRESH_TOKEN_LIFETIME": timedelta(days=30),
    "UPDATE_LAST_LOGIN": False,
    "USER_ID_FIELD": "public_id",
    "USER_ID_CLAIM": "sub",
}

# The mail server; by default mails are printed to the log. Only the sender (accounts.outbox) speaks to it.
vars().update(env.url("EMAIL_URL", mail_from_url, "consolemail://"))
# The sender waits so many seconds for a connection and for each answer, but longer for the last one.
EMAIL_TIMEOUT = env.seconds("EMAIL_TIMEOUT", 10, most=600)
DEFAULT_FROM_EMAIL = env.read("DEFAULT_FROM_EMAIL", mailbox, f"image-store <noreply@{_site.hostname}>")

# ---- API ------------------------------------------------------------------------------------

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "accounts.tokens.BearerAuthentication",
        "accounts.tokens.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_PAGINATION_CLASS": "imagestore.api.pagination.KeysetPagination",
    "DEFAULT_SCHEMA_CLASS": "imagestore.api.schema.ApiSchema",
    "EXCEPTION_HANDLER": "imagestore.kit.errors.exception_handler",
    "URL_FORMAT_OVERRIDE": None,
    "NUM_PROXIES": NUM_PROXIES,
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "image-store",
    "DESCRIPTION": "Albums and images over HTTP. Errors are RFC 9457 problem details.",
    "CONTACT": {"name": "Who runs this store", "url": SITE_URL},
    "LICENSE": {"name": "MIT", "identifier": "MIT"},
    "VERSION": "1",
    "SERVERS": [{"url": _site.path or "/", "description": "The server that this schema comes from"}],
    "TAGS": [
        {"name": "auth", "description": "Sign up, log in, keep a login alive, log out."},
        {"name": "users", "description": "The signed-in user."},
        {"name": "albums", "description": "Albums, which hold images."},
        {"name": "images", "description": "Upload, list, change, download and delete images."},
        {"name": "uploads", "description": "Upload a large file in several requests (tus 1.0)."},
        {"name": "trash", "description": "What was deleted, until it is restored or gone."},
    ],
    "OAS_VERSION": "3.1.1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.IsAuthenticated"],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    # Requests have components of their own: without that an upload's file would be a URI, as in answers.
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    "ENUM_NAME_OVERRIDES": {
        "ImageStatus": ["pending", "ready", "failed"],
        "ImageErrorCode": ["damaged", "over_limits", "crashed"],
        "TrashEntryType": ["album", "image"],
    },
}

# ---- Browser --------------------------------------------------------------------------------

_media_origin = [MEDIA_BASE_URL] if MEDIA_BASE_URL else []
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "worker-src": [SELF],
        "style-src": [SELF],
        # data: is for ThumbHash placeholders, which a script draws, and for Swagger's icons.
        "img-src": [SELF, "data:", *_media_origin],
        "font-src": [SELF],
        "connect-src": [SELF],
        "manifest-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
    }
}
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CSRF_TRUSTED_ORIGINS = [f"{_site.scheme}://{_site.netloc}"]
CSRF_FAILURE_VIEW = "imagestore.kit.errors.csrf_failure"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_PATH = CSRF_COOKIE_PATH = f"{_site.path}/"
# The name says where the store is: browsers send the cookies of https://example.org/ to /photos/, too, and Django
# would take them for ours. By its beginning browsers know who may set it (RFC 6265bis, section 4.1.3).
_cookie = _site.path[1:].replace("/", "-") + "-" if _site.path else ""
if _site.scheme == "https":
    SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = True
    _cookie = f"__Secure-{_cookie}" if _site.path else "__Host-"
    SECURE_HSTS_SECONDS = 31_536_000
    SECURE_SSL_REDIRECT = True
    _below = re.escape(_site.path[1:] + "/") if _site.path else ""
    SECURE_REDIRECT_EXEMPT = [rf"^{_below}healthz/", rf"^{_below}metrics$"]
SESSION_COOKIE_NAME = f"{_cookie}sessionid"
CSRF_COOKIE_NAME = f"{_cookie}csrftoken"
# Of browsers that were let in before (accounts.known_browsers).
KNOWN_BROWSER_COOKIE_NAME = f"{_cookie}known_browser"
MESSAGE_STORAGE = "imagestore.kit.messages.MessageStorage"

# ---- Logs -----------------------------------------------------------------------------------

LOG_LEVEL = env.choice("LOG_LEVEL", "INFO", choices=("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"))
structlog.configure(
    processors=processors(),
    logger_factory=structlog.stdlib.LoggerFactory(),
    wrapper_class=structlog.stdlib.BoundLogger,
    cache_logger_on_first_use=True,
)
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": "imagestore.kit.logging.formatter"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "json"}},
    "root": {"handlers": ["console"], "level": LOG_LEVEL},
    "loggers": {"django.server": {"handlers": ["console"], "propagate": False}},
}

# Where errors are sent to, besides the log (imagestore.kit.sentry).
SENTRY_DSN = env.read("SENTRY_DSN", sentry_dsn, "", is_secret=True)
# Where traces are sent to, by OTLP over HTTP (imagestore.kit.tracing). The library reads its other settings itself.
OTEL_EXPORTER_OTLP_ENDPOINT = env.read("OTEL_EXPORTER_OTLP_ENDPOINT", collector, "", is_secret=True)
if OTEL_EXPORTER_OTLP_ENDPOINT and not find_spec("opentelemetry"):
    env.fault(
        "OTEL_EXPORTER_OTLP_ENDPOINT needs packages that are not installed: "
        "pip install --require-hashes -r requirements-tracing.txt (docs/monitoring.md, Traces)."
    )

# ---- What does not go together --------------------------------------------------------------

_is_public = not is_at_home(str(_site.hostname))
_prints_mails = vars()["EMAIL_BACKEND"] == "django.core.mail.backends.console.EmailBackend"
if DEBUG and ("*" in ALLOWED_HOSTS or _site.scheme == "https" or _is_public):
    env.fault("DEBUG with ALLOWED_HOSTS=*, or a public SITE_URL, would show source and settings to everybody.")
_keys = [SECRET_KEY, *SECRET_KEY_FALLBACKS, JWT_SIGNING_KEY, *JWT_SIGNING_KEY_FALLBACKS, _link_key]
for _name, _token in (("METRICS_TOKEN", METRICS_TOKEN), ("CDN_PURGE_TOKEN", CDN_PURGE_TOKEN)):
    if _token and _token in [_key.strip() for _key in _keys]:
        env.fault(f"{_name} must be no key of the store: it leaves the store, or comes to it, with each request.")
if ACCOUNT_EMAIL_VERIFICATION == "mandatory" and _is_public and _prints_mails:
    env.fault(
        "EMAIL_VERIFICATION=mandatory needs EMAIL_URL: without it nobody gets the link with which to sign in."
    )

# No fault: a store that began so must start after an update, too.
if JWT_SIGNING_KEY and JWT_SIGNING_KEY in (SECRET_KEY, _link_key):
    env.warn("JWT_SIGNING_KEY should differ from the other keys: who learns one of them has the others, too.")
if _is_public and _site.scheme == "http":
    env.warn(
        f"{SITE_URL} is no https: everybody on the way to it can read passwords and photos "
        "(README.md, Behind a proxy, on the open internet)."
    )
if _is_public and "*" in ALLOWED_HOSTS:
    env.warn("ALLOWED_HOSTS=* answers to any name: links of the API point to what a request names as its host.")
if _is_public and _prints_mails:
    env.warn("Without EMAIL_URL mails are printed to the log: nobody can reset a forgotten password.")
if _is_public and SIGNUP == "open" and USER_QUOTA_BYTES is None:
    env.warn("SIGNUP=open with USER_QUOTA_BYTES=0: any visitor can fill the disk.")
if any(network.prefixlen == 0 for network in TRUSTED_PROXIES):
    env.warn(
        "FORWARDED_ALLOW_IPS=* believes everybody who reaches HOST and PORT, so only the proxy may reach them: "
        "others name any address as theirs and pass all limits."
    )

# ---- What was read --------------------------------------------------------------------------

# Names in a file of settings that others read: Docker Compose and its MySQL, boto3, OpenTelemetry, Python, the C
# library.
env.refuse_unknown(
    [
        "BACKUP_FOLDER",
        "BIND",
        "CLUSTER_PASSWORD",
        "COMPOSE_.+",
        "DOCKER_.+",
        "MYSQL_.+",
        "TESTS_AT_START",
        "AWS_.+",
        "OTEL_.+",
        "PYTHON.+",
        "TZ",
        "DJANGO_SETTINGS_MODULE",
        ".+_proxy",
    ]
)
# For `manage.py check_settings`. Raises ImproperlyConfigured, with a line for each setting that is wrong.
SETTINGS_READ, SETTINGS_WARNINGS = env.finish(), env.warnings
