"""Every setting of the store, on one page.

A value comes from the environment, else from `.env` beside manage.py, else from `$DATA_DIR/secrets.env`.
A file may hold it, too: `SECRET_KEY_FILE=/run/secrets/key`.
"""

import tomllib
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import environ
import structlog
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from images.storage.url import storage_from_url
from imagestore.kit.cache_url import cache_from_url
from imagestore.kit.logging import processors

BASE_DIR = Path(__file__).resolve().parent.parent
# The version of this code; `/healthz/ready`, the admin and the server's first line show it. The API has its own.
VERSION: str = tomllib.loads((BASE_DIR / "pyproject.toml").read_text())["project"]["version"]

env = environ.FileAwareEnv()
env.read_env(env.str("ENV_FILE", str(BASE_DIR / ".env")))

# The folder of all data: SQLite's database, images, staging, secrets.
DATA_DIR = Path(env.str("DATA_DIR", str(BASE_DIR / "data"))).resolve()
env.read_env(DATA_DIR / "secrets.env")


def _secret(name: str) -> str:
    """A key of at least 32 characters; without it the start stops and says which key is missing."""
    value = env.str(name, "")
    if len(value) < 32:
        raise ImproperlyConfigured(
            f"{name} is missing or shorter than 32 characters. `make run` writes one to "
            f"$DATA_DIR/secrets.env; anywhere else set {name} (or {name}_FILE) in the environment."
        )
    return value


def _positive(name: str, default: int) -> int:
    value = env.int(name, default)
    if value <= 0:
        raise ImproperlyConfigured(f"{name} must be a number above 0, not {value}.")
    return value


def _not_negative(name: str, default: int) -> int:
    value = env.int(name, default)
    if value < 0:
        raise ImproperlyConfigured(f"{name} must be 0 or more, not {value}.")
    return value


# ---- Address and keys -----------------------------------------------------------------------

# The address of the store. Links in mails point to it; https here turns on secure cookies and HSTS.
SITE_URL = env.str("SITE_URL", "http://localhost:9999").rstrip("/")
_site = urlsplit(SITE_URL)
if _site.scheme not in ("http", "https") or not _site.hostname:
    raise ImproperlyConfigured(f"SITE_URL must look like https://pictures.example.org, not {SITE_URL!r}.")

# Signs sessions and links to files; the fallbacks are old keys that stay valid while the key changes.
SECRET_KEY = _secret("SECRET_KEY")
SECRET_KEY_FALLBACKS = env.list("SECRET_KEY_FALLBACKS", default=[])

# Shows debug pages to developers; leave it off where others can reach the server.
DEBUG = env.bool("DEBUG", False)
# The server answers only requests for these hosts.
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=[_site.hostname, "localhost", "127.0.0.1", "[::1]"])
if DEBUG and "*" in ALLOWED_HOSTS:
    raise ImproperlyConfigured("DEBUG with ALLOWED_HOSTS=* would show the source to everybody.")

# ---- Limits ---------------------------------------------------------------------------------

# The store refuses larger files.
MAX_UPLOAD_BYTES = _positive("MAX_UPLOAD_BYTES", 100 * 1024 * 1024)
# The store refuses images with more pixels.
MAX_PIXELS = _positive("MAX_PIXELS", 100_000_000)
# One bulk request or one form may carry so many files.
MAX_BULK_FILES = DATA_UPLOAD_MAX_NUMBER_FILES = 100
# One user's originals may take up so many bytes; unset is no limit. The admin can set another quota for a user.
USER_QUOTA_BYTES = env.int("USER_QUOTA_BYTES", default=None)
# Deleted albums and images stay in the trash for so many days; 0 is no trash, so deletion is for ever.
TRASH_DAYS = _not_negative("TRASH_DAYS", 30)
# Within so many days the scrub reads every original again and compares its SHA-256; 0 is no scrub.
SCRUB_DAYS = timedelta(days=_not_negative("SCRUB_DAYS", 30))

# So many images are rendered at once, each in its own child process.
RENDER_WORKERS = _positive("RENDER_WORKERS", 2)
# So many uploads are probed at once, each in its own child process; no upload waits for rendering.
PROBE_WORKERS = _positive("PROBE_WORKERS", 2)
# So many threads read, write and delete files at once.
STORAGE_WORKERS = _positive("STORAGE_WORKERS", 8)
# One child process may take up so much address space, processor time and wall time.
CHILD_MEMORY_BYTES = _positive("CHILD_MEMORY_BYTES", 3 * 1024**3)
CHILD_CPU_SECONDS = _positive("CHILD_CPU_SECONDS", 60)
CHILD_WALL_SECONDS = _positive("CHILD_WALL_SECONDS", 120)
# A client must send each 64 KiB of its body, or the rest of it, within this time.
BODY_GRACE_SECONDS = _positive("BODY_GRACE_SECONDS", 20)

# ---- Apps, requests, pages ------------------------------------------------------------------

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
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
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "imagestore.kit.middleware.PrivateByDefault",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "imagestore.kit.logging.RequestLogMiddleware",
    "django.middleware.common.CommonMiddleware",
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
        },
    },
]
# Load form templates through TEMPLATES, so that ours replace Django's.
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"
INSTALLED_APPS.append("django.forms")

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True

# ---- Database -------------------------------------------------------------------------------

# One statement of the server may take so many seconds on MySQL (imagestore.kit.database.limit_statement_time).
DATABASE_TIMEOUT = _positive("DATABASE_TIMEOUT", 5)
_database_url = env.str("DATABASE_URL", "") or f"sqlite:///{DATA_DIR / 'db.sqlite3'}"
# SQLite in DATA_DIR, or a server with MySQL's protocol.
DATABASES = {"default": env.db_url_config(_database_url)}
_database = DATABASES["default"]
if _database["ENGINE"].endswith("mysql"):
    _database["OPTIONS"] = {
        "charset": "utf8mb4",
        "isolation_level": "read committed",
        # Leases are compared with the database's clock, so its sessions must use UTC.
        "init_command": "SET sql_mode = 'STRICT_TRANS_TABLES', time_zone = '+00:00', innodb_lock_wait_timeout = 3",
        "connect_timeout": 3,
        **_database.get("OPTIONS", {}),
    }
    _database["CONN_MAX_AGE"] = 60
    _database["CONN_HEALTH_CHECKS"] = True
elif _database["ENGINE"].endswith("sqlite3"):
    _database["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;",
    }
    _database["CONN_MAX_AGE"] = 60
else:
    raise ImproperlyConfigured("DATABASE_URL must be mysql://… or sqlite:///….")

SILENCED_SYSTEM_CHECKS = [
    # MySQL skips allauth's conditional unique constraints; accounts.User.email is unique without a condition.
    "models.W036",
    # HSTS for subdomains and in browsers' preload lists: the owner of the domain must decide on that.
    "security.W005",
    "security.W021",
]

# Counters of attempts: in Redis for all servers together; without REDIS_URL, in the memory of each server.
CACHES = {"default": cache_from_url(env.str("REDIS_URL", ""))}

# ---- Files ----------------------------------------------------------------------------------

# Uploads are received into this folder on local disk, then copied to the storage.
STAGING_DIR = DATA_DIR / "staging"
STORAGES: dict[str, dict[str, Any]] = {
    # A folder in DATA_DIR, another folder (file:///…) or an S3 bucket (s3://KEY:SECRET@host:port/bucket/folder).
    "images": storage_from_url(env.str("STORAGE_URL", ""), default=DATA_DIR / "images"),
    "staticfiles": {"BACKEND": "imagestore.kit.static.StaticStorage"},
}
STATIC_URL = "static/"
STATIC_ROOT = DATA_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]

# A signed link is the same for all users within this window, and works until the end of the next window.
LINK_WINDOW = timedelta(seconds=_positive("LINK_WINDOW", 3600))
# The address of a CDN in front of /media/, to which links then point: https://cdn.example.org
MEDIA_BASE_URL = env.str("MEDIA_BASE_URL", "").rstrip("/")

# ---- Accounts and tokens --------------------------------------------------------------------

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.ModelBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
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
ACCOUNT_EMAIL_VERIFICATION = env.str("EMAIL_VERIFICATION", "none")
if ACCOUNT_EMAIL_VERIFICATION not in ("none", "optional", "mandatory"):
    raise ImproperlyConfigured("EMAIL_VERIFICATION must be none, optional or mandatory.")
# Our forms in place of allauth's.
ACCOUNT_FORMS = {
    "login": "imagestore.portal.forms.accounts.LoginForm",
    "signup": "imagestore.portal.forms.accounts.SignupForm",
    "reset_password": "imagestore.portal.forms.accounts.ResetPasswordForm",
}
# Limits on attempts by pages and API together: per IP address (for IPv6 per /64), per e-mail ("key") or per user.
ACCOUNT_RATE_LIMITS = {
    "login": "30/m/ip",
    "login_failed": "10/m/ip,5/5m/key",
    "signup": "20/m/ip",
    "reset_password": "20/m/ip,5/m/key",
    "reauthenticate": "10/m/user",
    "change_password": "5/m/user",
    "confirm_email": "1/3m/key",
}
# So many proxies of ours each add an entry to X-Forwarded-For; with 0 the header is never read.
NUM_PROXIES = env.int("NUM_PROXIES", 0)
# The link of a password reset mail works for so many seconds.
PASSWORD_RESET_TIMEOUT = 3600
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = False
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""

# Signs the API's tokens; the fallbacks are old keys that stay valid while the key changes.
JWT_SIGNING_KEY = _secret("JWT_SIGNING_KEY")
JWT_SIGNING_KEY_FALLBACKS = env.list("JWT_SIGNING_KEY_FALLBACKS", default=[])
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

# The mail server; by default mails are printed to the log.
EMAIL_CONFIG = env.email_url("EMAIL_URL", default="consolemail://")
vars().update(EMAIL_CONFIG)
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", f"image-store <noreply@{_site.hostname}>")

# ---- API ------------------------------------------------------------------------------------

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "accounts.tokens.BearerAuthentication",
        "accounts.tokens.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_PAGINATION_CLASS": "imagestore.api.pagination.KeysetPagination",
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "imagestore.kit.errors.exception_handler",
    "URL_FORMAT_OVERRIDE": None,
    "NUM_PROXIES": NUM_PROXIES,
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "image-store",
    "DESCRIPTION": "Albums and images over HTTP. Errors are RFC 9457 problem details.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.IsAuthenticated"],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "SCHEMA_PATH_PREFIX": "/api/v1",
}

# ---- Browser --------------------------------------------------------------------------------

_media_origin = [MEDIA_BASE_URL] if MEDIA_BASE_URL else []
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
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
CSRF_TRUSTED_ORIGINS = [SITE_URL]
CSRF_FAILURE_VIEW = "imagestore.kit.errors.csrf_failure"
SESSION_COOKIE_HTTPONLY = True
if _site.scheme == "https":
    SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = True
    SESSION_COOKIE_NAME = "__Host-sessionid"
    CSRF_COOKIE_NAME = "__Host-csrftoken"
    SECURE_HSTS_SECONDS = 31_536_000
    SECURE_SSL_REDIRECT = True
    SECURE_REDIRECT_EXEMPT = [r"^healthz/"]
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

# ---- Logs -----------------------------------------------------------------------------------

LOG_LEVEL = env.str("LOG_LEVEL", "INFO")
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
