"""Settings of Parley, read from the environment. `.env.example` explains every variable."""

import os
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from chats.live.bus_choice import bus_for
from messaging_app.environment import LEVELS, Environment
from messaging_app.secret import secret_key_from

# Places and addresses ---------------------------------------------------------------------------

BASE_DIR = Path(__file__).resolve().parent.parent

env = Environment()
env.read_env(env.str("ENV_FILE", default=str(BASE_DIR / ".env")))

# Everything this installation writes: the database, the secret key, collected static files.
DATA_DIR = Path(env.text("DATA_DIR") or BASE_DIR / "data").resolve()

SITE_NAME = env.text("SITE_NAME") or "Parley"
HOST = env.text("HOST") or "127.0.0.1"
PORT = env.number("PORT", 8000, least=1, most=65535)
# Processes that serve pages; each also has threads.
WEB_CONCURRENCY = env.number("WEB_CONCURRENCY", 1, least=1)
# The timeout of a graceful shutdown, in seconds. Ctrl-C should end everything within two seconds.
GRACE = env.number("GRACE", 1)
# A URL has an IPv6 address in brackets.
_host = f"[{HOST}]" if ":" in HOST else HOST
SITE_URL = env.site("SITE_URL", default=f"http://{_host}:{PORT}")

# Safety -----------------------------------------------------------------------------------------

DEBUG = env.flag("DEBUG", default=False)

_site = urlsplit(SITE_URL)
_https = _site.scheme == "https"

DATABASE_URL = env.text("DATABASE_URL")
# On SQLite the key is created once, beside the database. Several machines may share a database on a
# server, so its key has to be set.
SECRET_KEY = env.text("SECRET_KEY") or secret_key_from(DATA_DIR, shared=bool(DATABASE_URL))

ALLOWED_HOSTS = env.list(
    "ALLOWED_HOSTS",
    default=[_site.netloc.removesuffix(f":{_site.port}"), _host, "localhost", "127.0.0.1"],
)
CSRF_TRUSTED_ORIGINS = [SITE_URL] if _https else []
CSRF_FAILURE_VIEW = "chats.http.errors.csrf_failure"
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if _https else None
SECURE_SSL_REDIRECT = _https
# Monitoring asks this process directly, without the TLS proxy.
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^metrics$"]
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if _https else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = _https
SECURE_HSTS_PRELOAD = _https
SESSION_COOKIE_SECURE = _https
CSRF_COOKIE_SECURE = _https
CSRF_COOKIE_HTTPONLY = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        # Bootstrap's marks of checkboxes and selects are data: images.
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}

# Apps, middleware and templates -----------------------------------------------------------------

INSTALLED_APPS = [
    "messaging",
    "chats",
    "accounts",
    "operations",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django_htmx",
    "crispy_forms",
    "crispy_bootstrap5",
    "allauth",
    "allauth.account",
    "allauth.usersessions",
    "csp",
    "django_tasks",
    "django_tasks_db",
]

MIDDLEWARE = [
    "operations.middleware.observe_requests",
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    # So far out that the refusals of inner middleware get the header too.
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.gzip.GZipMiddleware",
    "chats.middleware.nothing_is_stored",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "accounts.middleware.apply_preferences",
]

if DEBUG and find_spec("debug_toolbar"):
    INSTALLED_APPS += ["debug_toolbar"]
    # Inside the middleware that compresses, because it changes the page.
    MIDDLEWARE.insert(
        MIDDLEWARE.index("django.middleware.gzip.GZipMiddleware") + 1,
        "debug_toolbar.middleware.DebugToolbarMiddleware",
    )
    INTERNAL_IPS = ["127.0.0.1", "::1"]
    DEBUG_TOOLBAR_CONFIG = {
        "ROOT_TAG_EXTRA_ATTRS": "hx-preserve",  # htmx may swap the page, not the toolbar
        "SHOW_COLLAPSED": True,  # an open one covers the bell and the account
        "UPDATE_ON_FETCH": True,  # it shows the last request of htmx
    }

ROOT_URLCONF = "messaging_app.urls"
WSGI_APPLICATION = "messaging_app.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "chats.context_processors.site",
            ],
        },
    },
]

CRISPY_ALLOWED_TEMPLATE_PACKS = "bootstrap5"
CRISPY_TEMPLATE_PACK = "bootstrap5"

# Database, caches, tasks and sessions -----------------------------------------------------------

_database = env.database("DATABASE_URL") or {
    "ENGINE": "django.db.backends.sqlite3",
    "NAME": DATA_DIR / "parley.sqlite3",
}
_options = _database.setdefault("OPTIONS", {})
if _database["ENGINE"].endswith("postgresql"):
    # Without JIT: PostgreSQL compiled a search among a million messages for 150 ms, and ran it for
    # 40.
    _options.setdefault("options", "-c jit=off")
    # The pool keeps connections open. A thread that kept one of its own would mostly leave it idle.
    _options["pool"] = {
        "min_size": 1,
        "max_size": env.number("DATABASE_POOL", 10, least=1),
        "timeout": 10,
    }
    _database["CONN_MAX_AGE"] = 0
else:
    # Threads keep their connections. Closing after each request would halve the requests a second.
    _database["CONN_MAX_AGE"] = None
    _options |= {
        # Writers wait instead of failing. With Django's defaults, sixteen writers got the error
        # "database is locked" thousands of times.
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        # FULL: an acknowledged message is on disk. secure_delete: a deleted one is not.
        "init_command": (
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA secure_delete=ON;"
        ),
    }
DATABASES = {"default": _database}

DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

CACHE_URL = env.redis("CACHE_URL")
CACHES: dict[str, dict[str, Any]]
if CACHE_URL:
    _cache = {
        "BACKEND": "operations.caches.forgiving_redis.ForgivingRedisCache",
        "LOCATION": CACHE_URL,
    }
    CACHES = {"default": _cache, "template_fragments": _cache | {"KEY_PREFIX": "fragment"}}
else:
    CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
            "LOCATION": "unique-snowflake",
            # Django's 300 is less than one busy page.
            "OPTIONS": {"MAX_ENTRIES": 10_000},
        },
        "template_fragments": {
            "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
            "LOCATION": "unique-snowflake-fragments",
            "OPTIONS": {"MAX_ENTRIES": 10_000},
        },
    }

# The queue is in the database. It needs no other server, and a task exists if and only if the change
# that enqueued it was committed.
TASKS = {"default": {"BACKEND": "django_tasks_db.DatabaseBackend"}}
# Whether `serve` starts a worker beside the server.
WORKER = env.flag("WORKER", default=True)

# Sessions in the database: with a cache in each process, a signed-out session would stay valid in the
# other processes.
SESSION_ENGINE = "django.contrib.sessions.backends.db"
SESSION_COOKIE_AGE = 30 * 24 * 3600  # seconds
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"

# Live updates -----------------------------------------------------------------------------------

# How processes tell each other about changes: a class of chats.live.buses.
LIVE_BUS = bus_for(
    env.text("LIVE_BUS"),
    engine=_database["ENGINE"],
    cache_url=CACHE_URL,
    processes=WEB_CONCURRENCY,
)
# The most event streams of a process, and of one person. A browser has one; without https, each of
# its windows has one.
LIVE_STREAMS = env.number("LIVE_STREAMS", 10_000)
LIVE_STREAMS_PER_PERSON = env.number("LIVE_STREAMS_PER_PERSON", 12)

# Accounts ---------------------------------------------------------------------------------------

# Who may create an account: open (everybody), invite (people with an invitation), closed (nobody).
SIGNUP = env.choice("SIGNUP", ("open", "invite", "closed"), default="open")

AUTHENTICATION_BACKENDS = ["accounts.backends.BackendWithMailbox"]
PASSWORD_MIN_LENGTH = 12  # characters; pages show this number
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": PASSWORD_MIN_LENGTH},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "chats:inbox"
LOGOUT_REDIRECT_URL = "account_login"

ACCOUNT_ADAPTER = "accounts.adapter.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"username", "email"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "email", "password1*", "password2*"]
ACCOUNT_USERNAME_VALIDATORS = "messaging.names.username_validators"
# An address is for signing in and for a new password. It is not verified. With "strict" two accounts
# may have the same address, so nobody can keep its owner from using it, and pages never reveal whether
# an account has it.
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_PREVENT_ENUMERATION = "strict"
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_LOGIN_ON_PASSWORD_RESET = True
# In addition to allauth's own limits.
ACCOUNT_RATE_LIMITS = {
    "delete_account": "5/m/user",
    "message_send": "60/m/user",
    "draft_save": "120/m/user",
    "people_search": "60/m/user",
    "search": "120/m/user",  # each pause in typing is a request
}
# The number of our proxies that a request passes. As many addresses at the end of X-Forwarded-For are
# trusted. Rate limits count by the address of the client.
ALLAUTH_TRUSTED_PROXY_COUNT = env.number("TRUSTED_PROXIES", 0)

# Whether the form for a new message lists everybody before a name is typed, where they are few.
LIST_PEOPLE = env.flag("LIST_PEOPLE", default=True)

# Mail -------------------------------------------------------------------------------------------

EMAIL_URL = env.text("EMAIL_URL")
if EMAIL_URL:
    vars().update(env.mail("EMAIL_URL"))
    EMAIL_TIMEOUT = 10  # seconds
else:
    # No mail is sent. Pages say whom to ask instead.
    EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
DEFAULT_FROM_EMAIL = env.text("DEFAULT_FROM_EMAIL") or f"{SITE_NAME} <parley@{_site.hostname}>"
SERVER_EMAIL = DEFAULT_FROM_EMAIL

# Language and time ------------------------------------------------------------------------------

LANGUAGE_CODE = "en"
# Each in its own language, for people who can read no other.
LANGUAGES = [("en", "English"), ("de", "Deutsch"), ("ar", "العربية")]
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = env.time_zone("TIME_ZONE", default="UTC")
USE_TZ = True

# Static files -----------------------------------------------------------------------------------

STATIC_URL = "static/"
STATIC_ROOT = DATA_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "operations.server.static_storage.HashedStaticFiles"},
}

# Requests ---------------------------------------------------------------------------------------

# A message is at most 64 KB; percent-encoding can triple it.
DATA_UPLOAD_MAX_MEMORY_SIZE = 512 * 1024  # bytes
DATA_UPLOAD_MAX_NUMBER_FIELDS = 300

# Logs and figures -------------------------------------------------------------------------------

LOG_FORMAT = env.choice("LOG_FORMAT", ("plain", "json"), default="plain")
LOG_LEVEL = env.choice("LOG_LEVEL", LEVELS, default="WARNING")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {
        "request_id": {"()": "operations.logs.AddRequestId"},
        "no_tokens": {"()": "operations.logs.RemoveTokens"},
    },
    "formatters": {
        "plain": {
            # With DEBUG the log also shows the texts of errors.
            "()": "logging.Formatter" if DEBUG else "operations.logs.DiscreetFormatter",
            "format": "{asctime} {levelname} {name} {message}",
            "style": "{",
        },
        "json": {"()": "operations.logs.JsonFormatter"},
    },
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "formatter": LOG_FORMAT,
            "filters": ["request_id", "no_tokens"],
        }
    },
    "root": {"handlers": ["console"], "level": LOG_LEVEL},
    "loggers": {
        # Any client can send a wrong Host header or too large a body, and each would log a traceback.
        "django.security.DisallowedHost": {"level": "CRITICAL"},
        "django.security.RequestDataTooBig": {"level": "CRITICAL"},
        # The start and the end of a worker need no line in the log.
        "django_tasks_db": {"level": "ERROR"},
        # Django's own console handler would log everything twice, and with addresses.
        "django": {"handlers": [], "propagate": True},
    },
}

# Who may read /metrics: nobody, "local" (this machine), or clients that send this token.
METRICS = env.text("METRICS")
if METRICS and METRICS != "local" and len(METRICS) < 16:
    raise ImproperlyConfigured("METRICS must be local, or a token of at least 16 characters.")
# Several processes keep their figures in files here, which `serve` deletes when it starts.
METRICS_DIR = DATA_DIR / "metrics" if METRICS and WEB_CONCURRENCY > 1 else None
if METRICS_DIR:
    # prometheus_client reads the variable when it is imported.
    METRICS_DIR.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(METRICS_DIR)
