"""Every setting, read from the environment. With none set this is the embedded default: SQLite, a queue in a folder.

What is set to nothing counts as not set: so compose.yaml can pass on whatever an operator may want to say.

DATABASE_URL   postgres://…            one database for every process; SQLite in VAR_DIR when unset
REDIS_URL      redis://…               wakes the workers; a folder in VAR_DIR when unset
SECRET_KEY     long and random         needed as soon as DATABASE_URL is set; made once in VAR_DIR otherwise
SECRET_KEY_FALLBACKS  comma separated  older keys whose sessions, factors and links in mail still count
ALLOWED_HOSTS  comma separated         host names the site answers to
SITE_URL       https://bills.example   what links in mail start with
EMAIL_URL      smtp+tls://…            needed in production (config/checks.py); files in VAR_DIR/mail otherwise
DEFAULT_FROM_EMAIL  Bills <b@x.example>  whom mail comes from
PLUMBLINE_VAR  a folder                where uploads, built files and, when embedded, database and queue live: `var` in
                                       the program's folder when unset; once DATABASE_URL is set, one outside of it
PLUMBLINE_EMBEDDED  0                  without DATABASE_URL nothing starts, as in the image; SQLite is taken when unset
STATIC_ROOT    a folder                where `collectstatic` packs style sheets and scripts; VAR_DIR/static when unset
TRUSTED_PROXY_COUNT  1                 proxies of yours in front, which say who asks (X-Forwarded-For) and if by https
BEHIND_PROXY   gone                    what said half of it: a site that sets this alone does not start
TRUSTED_CLIENT_IP_HEADER  X-Real-Ip    a header in which they say who asks, instead
SECURE_SSL_REDIRECT  0                 http is sent on to https; so it is when SITE_URL is https, unless this is 0
SECURE_HSTS_SECONDS  31536000          how long browsers remember that only https is spoken here
SECURE_HSTS_INCLUDE_SUBDOMAINS  1      and on every host below this one; SECURE_HSTS_PRELOAD asks for the browsers' list
ATTACHMENT_MAX_MB  20                  one attached file; ATTACHMENTS_MAX_MB 200, ATTACHMENTS_MAX_COUNT 200 all of an
                                       invoice or a commitment; ATTACHMENTS_OF_COMPANY_MAX_MB 100000 all there are
ATTACHMENTS_LEAVE_FREE_MB  500         what the disk keeps for the database
VIRUS_SCANNER  tcp://host:3310         a clamd that every attached file must pass within VIRUS_SCANNER_SECONDS, 20
STATEMENT_TIMEOUT  30                  seconds that PostgreSQL may take for one statement; 0 for commands that migrate
METRICS_TOKEN  long and random         opens /metrics to who brings it as a bearer; without it there is no such page
ALIVE_FILE     /tmp/alive              touched by a worker or scheduler while it works; no two processes share one
SENTRY_DSN     https://…               tells errors there as well; nothing leaves the site when unset
DEMO           1                       one-click sign-in and the outbox page; `manage.py demo` sets it
DEBUG          1                       Django's own pages of errors, to develop with; production does not start with it

Read by deploy/gunicorn.conf.py alone:
WEB_CONCURRENCY  3                     web processes; twice the processors and one when unset
BIND           0.0.0.0:8000            where they answer
"""

import logging
import os
import secrets
from pathlib import Path

import environ
import sentry_sdk
import structlog
from celery.schedules import crontab
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from kombu import Queue

from directory.logs import logging_config, without_secrets

env = environ.Env()
env.ENVIRON = {name: value for name, value in os.environ.items() if value}
BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = Path(env.str("PLUMBLINE_VAR", default=str(BASE_DIR / "var")))
VAR_DIR.mkdir(mode=0o700, parents=True, exist_ok=True)

DATABASE_URL = env.str("DATABASE_URL", default="")
REDIS_URL = env.str("REDIS_URL", default="")
DEMO = env.bool("DEMO", default=False)
DEBUG = env.bool("DEBUG", default=False)
EMBEDDED = not DATABASE_URL
if EMBEDDED and not env.bool("PLUMBLINE_EMBEDDED", default=True):
    raise ImproperlyConfigured("Set DATABASE_URL: PLUMBLINE_EMBEDDED=0 says that SQLite is not meant.")


def secret_key() -> str:
    """The environment's key; in the embedded default one made on the first start and kept, readable by us alone."""
    key = env.str("SECRET_KEY", default="")
    if key:
        return key
    if not EMBEDDED:
        raise ImproperlyConfigured("Set SECRET_KEY to a long random text: DATABASE_URL is set, so this is production.")
    path = VAR_DIR / "secret-key"
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(50))
    except FileExistsError:
        pass
    return path.read_text()


SECRET_KEY = secret_key()
SECRET_KEY_FALLBACKS = env.list("SECRET_KEY_FALLBACKS", default=[])
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"] if EMBEDDED else [])
SITE_URL = env.str("SITE_URL", default="http://127.0.0.1:8000").rstrip("/")
CSRF_TRUSTED_ORIGINS = [SITE_URL]
CSRF_FAILURE_VIEW = "config.bad_requests.csrf_failure"

INSTALLED_APPS = [
    "erp_integrations",
    "invoicing",
    "directory",
    "config",
    "config.admin_config.OwnersAdmin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.forms",
    "guardian",
    "django_fsm",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "csp",
    "django_htmx",
    "django_structlog",
    "template_partials",
]

MIDDLEWARE = [
    "config.one_stack.roomy",
    "config.metrics.timed",
    "config.health.under_any_name",
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",  # static files say so too
    "config.static_files.OfEveryVersion",
    "directory.middleware.packed",
    "django_structlog.middlewares.RequestMiddleware",
    "directory.middleware.answers",
    "directory.middleware.cookies_of_this_host",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "directory.middleware.no_store",
    "directory.middleware.even_answers",
    "directory.middleware.session_clock",
    "directory.middleware.second_factor",
    "directory.middleware.refusals",
    "directory.strangers.read_briefly",  # last: who asks is known, and nothing of the body was read
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
FORM_RENDERER = "config.form_renderer.FormRenderer"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "builtins": ["config.ui", "template_partials.templatetags.partials", "django.templatetags.static"],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "config.failures.request_number",
                "config.navigation.navigation",
                "directory.demo.context",
            ],
        },
    }
]

# SQLite: IMMEDIATE takes the write lock at BEGIN, so a read-then-write transaction never fails half way;
# FULL because an accepted invoice must survive a power cut; recursive triggers so REPLACE can't go round ours.
SQLITE_OPTIONS = {
    "transaction_mode": "IMMEDIATE",
    "timeout": 20,
    "init_command": (
        "PRAGMA journal_mode=WAL;PRAGMA synchronous=FULL;PRAGMA busy_timeout=20000;PRAGMA recursive_triggers=ON;"
    ),
}
# PostgreSQL: nobody waits long for a lock, whoever holds it. A host that lost its power or its network says no goodbye,
# and a kernel left alone waits two hours for one: so both ends ask whether the other is still there, and a transaction
# in which nothing is asked for a minute ends. Over a Unix socket the questions between kernels count for nothing.
POSTGRESQL_OPTIONS = {
    "connect_timeout": 5,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 15_000,
    "options": " ".join(
        f"-c {name}={value}"
        for name, value in {
            "lock_timeout": 10_000,
            "statement_timeout": env.int("STATEMENT_TIMEOUT", default=30) * 1000,
            "idle_in_transaction_session_timeout": 60_000,
            "tcp_keepalives_idle": 30,
            "tcp_keepalives_interval": 10,
            "tcp_keepalives_count": 3,
        }.items()
    ),
}
if EMBEDDED:
    DATABASES = {
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": VAR_DIR / "plumbline.sqlite3",
            "OPTIONS": SQLITE_OPTIONS,
        }
    }
else:
    DATABASES = {"default": env.db_url_config(DATABASE_URL)}
    if DATABASES["default"]["ENGINE"] != "django.db.backends.postgresql":
        raise ImproperlyConfigured(
            "DATABASE_URL names no PostgreSQL: postgres://user:password@host/name. Leave it unset for SQLite."
        )
    _given = DATABASES["default"].get("OPTIONS", {})  # by the address: what it names counts, of two the later one
    _words = f"{POSTGRESQL_OPTIONS['options']} {_given.get('options', '')}".strip()
    DATABASES["default"]["OPTIONS"] = POSTGRESQL_OPTIONS | _given | {"options": _words}
    DATABASES["default"]["CONN_MAX_AGE"] = 600  # what PostgreSQL has planned on it stays as long (directory.kept)
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "directory.Person"
AUTHENTICATION_BACKENDS = ["directory.backends.Logins"]
PASSWORD_HASHERS = [
    f"django.contrib.auth.hashers.{name}PasswordHasher" for name in ("Argon2", "PBKDF2", "PBKDF2SHA1", "Scrypt")
]
ANONYMOUS_USER_NAME = None  # guardian makes no account of its own
AUTH_PASSWORD_VALIDATORS = [
    *(
        {"NAME": f"django.contrib.auth.password_validation.{name}"}
        for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
    ),
    {"NAME": "directory.passwords.NotOfThisPlace"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
ACCOUNT_ADAPTER = "directory.accounts.Accounts"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"  # people are entered by the company; nobody signs up
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_LOGOUT_REDIRECT_URL = "home"
ACCOUNT_PREVENT_ENUMERATION = True  # R92: a page says the same whether an address is known or not,
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False  # nobody unknown is mailed,
EVEN_ANSWER_SECONDS = 0.6  # and the answer takes as long: it is held back until then (directory.middleware)
ACCOUNT_LOGIN_BY_CODE_ENABLED = True
ACCOUNT_LOGIN_BY_CODE_FORMAT = {"numeric": True, "length": 6, "dashed": False}
ACCOUNT_LOGIN_BY_CODE_TIMEOUT = 10 * 60
ACCOUNT_LOGIN_BY_CODE_SUPPORTS_RESEND = True
ACCOUNT_REAUTHENTICATION_TIMEOUT = 15 * 60  # R93: how long a proof of who one is counts, in directory.sign_ins too
ACCOUNT_SESSION_REMEMBER = True  # one age for all sessions, below
ACCOUNT_RATE_LIMITS = {
    "login": "30/m/ip",
    "login_failed": "10/m/ip,5/5m/key",
    "request_login_code": "20/m/ip,3/5m/key",
    "reset_password": "20/m/ip,3/5m/key",
    "invitation_opened": "60/m/ip",
    "invitation_again": "20/m/ip,2/10m/key",
    "invitation_forward": "10/h/user",
    "email_change": "5/h/user",
    "code_by_mail": "3/5m/user",
}
MFA_ADAPTER = "directory.accounts.SecondFactors"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_RECOVERY_CODES_SHOW_ONCE = True
MFA_TOTP_ISSUER = "Plumbline"
USERSESSIONS_ADAPTER = "directory.accounts.Sessions"
USERSESSIONS_TRACK_ACTIVITY = True  # once a minute, by directory.middleware.session_clock

IS_HTTPS = SITE_URL.startswith("https://")
SESSION_ENGINE = "directory.session_store"
SESSION_COOKIE_AGE = 12 * 60 * 60  # R94: whatever happens; accounting is signed out after an idle hour as well
SESSION_IDLE_SECONDS = 60 * 60
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = IS_HTTPS
if IS_HTTPS:  # all others get their prefix on the way out (directory.middleware)
    SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = "__Host-sessionid", "__Host-csrftoken"
SECURE_SSL_REDIRECT = env.bool("SECURE_SSL_REDIRECT", default=IS_HTTPS)
SECURE_REDIRECT_EXEMPT = [r"^(livez|readyz|metrics)$"]  # a watchman beside the process speaks plain http
SECURE_HSTS_SECONDS = env.int("SECURE_HSTS_SECONDS", default=365 * 24 * 60 * 60 if IS_HTTPS else 0)
SECURE_HSTS_INCLUDE_SUBDOMAINS = env.bool("SECURE_HSTS_INCLUDE_SUBDOMAINS", default=False)
SECURE_HSTS_PRELOAD = env.bool("SECURE_HSTS_PRELOAD", default=False)
# R91: without a number of trusted proxies nobody's X-Forwarded-For is believed.
ALLAUTH_TRUSTED_PROXY_COUNT = env.int("TRUSTED_PROXY_COUNT", default=0)
ALLAUTH_TRUSTED_CLIENT_IP_HEADER = env.str("TRUSTED_CLIENT_IP_HEADER", default=None)
BEHIND_PROXY = env.bool("BEHIND_PROXY", default=False)
if ALLAUTH_TRUSTED_PROXY_COUNT:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
ACCOUNT_INVITATION_AGE = 72 * 60 * 60  # seconds; the link to set a first password (R88)
EMAIL_CHANGE_AGE = 24 * 60 * 60  # seconds; the links that confirm a new address (R90)
INVITATION_LINK_AGE = 60 * 24 * 60 * 60  # seconds; an invitation's link only fills in who and what (V-4)

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
DATA_UPLOAD_MAX_NUMBER_FIELDS = 40_000  # 1,500 lines of a schedule × 12 inputs, 3,000 of a bill × 10 (F12),
DATA_UPLOAD_MAX_MEMORY_SIZE = 12 * 1024 * 1024  # and each of them as long as it may be
BODY_OF_STRANGERS_MAX_BYTES = 64 * 1024  # R116: as much as the proxy holds back until all is there (deploy/Caddyfile)
MEGABYTE = 1024 * 1024
ATTACHMENT_MAX_BYTES = env.int("ATTACHMENT_MAX_MB", default=20) * MEGABYTE  # R106: one file,
ATTACHMENTS_MAX_BYTES = env.int("ATTACHMENTS_MAX_MB", default=200) * MEGABYTE  # all of one invoice or commitment,
ATTACHMENTS_MAX_COUNT = env.int("ATTACHMENTS_MAX_COUNT", default=200)
ATTACHMENTS_OF_COMPANY_MAX_BYTES = env.int("ATTACHMENTS_OF_COMPANY_MAX_MB", default=100_000) * MEGABYTE  # all there are
ATTACHMENTS_LEAVE_FREE_BYTES = env.int("ATTACHMENTS_LEAVE_FREE_MB", default=500) * MEGABYTE  # for the database

METRICS_TOKEN = env.str("METRICS_TOKEN", default="")
ALIVE_FILE = env.str("ALIVE_FILE", default="")

# R105: `unix:///run/clamav/clamd.ctl` or `tcp://host:3310`; empty: nothing is scanned.
VIRUS_SCANNER = env.str("VIRUS_SCANNER", default="")
VIRUS_SCANNER_SECONDS = env.int("VIRUS_SCANNER_SECONDS", default=20)

# Limits on tries count across threads, processes and, with Redis or a shared VAR_DIR, hosts.
CACHES = {
    "folder": {
        "BACKEND": "config.cache.SharedFolder",
        "LOCATION": VAR_DIR / "cache",
        "OPTIONS": {"MAX_ENTRIES": 20_000},
    }
}
if REDIS_URL:
    CACHES["default"] = {
        "BACKEND": "config.cache.RedisOrFolder",
        "LOCATION": REDIS_URL,
        "OPTIONS": {"socket_timeout": 0.5, "socket_connect_timeout": 0.5},  # then it counts as away
    }
else:
    CACHES["default"] = CACHES["folder"]

LANGUAGE_CODE = "en-us"
TIME_ZONE = "UTC"
USE_TZ = True
USE_THOUSAND_SEPARATOR = True

STATIC_URL = "/static/"
STATIC_OF_ALL_VERSIONS = VAR_DIR / "static"  # an upgrade puts the new ones beside the old (docs/operations.md)
STATIC_ROOT = Path(env.str("STATIC_ROOT", default=str(STATIC_OF_ALL_VERSIONS)))
STATICFILES_DIRS = [BASE_DIR / "static"]
IS_COLLECTED = DEMO or not EMBEDDED  # what `collectstatic` packed is served, not the files as they were written
WHITENOISE_USE_FINDERS = not IS_COLLECTED
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},  # MEDIA_ROOT: never served by URL
    "staticfiles": {
        "BACKEND": "config.static_files.LeanFiles"
        if IS_COLLECTED
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}
MEDIA_ROOT = VAR_DIR / "files"
EXPORTS_ROOT = VAR_DIR / "exports"

if env.str("EMAIL_URL", default=""):
    vars().update(env.email_url("EMAIL_URL"))
else:
    EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    EMAIL_FILE_PATH = VAR_DIR / "mail"
EMAIL_TIMEOUT = 10  # seconds; a silent mail server must not hold up the worker
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="Plumbline <bills@localhost>")

# The rows are the queue and the messages only wake a worker, so losing a message costs seconds, never work.
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_ENABLE_REMOTE_CONTROL = False
CELERY_WORKER_SEND_TASK_EVENTS = False
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_PUBLISH_RETRY = False
# Every worker listens to both in turn: mail that waits for a slow mail server stands in no file's way.
CELERY_TASK_DEFAULT_QUEUE = "celery"
CELERY_TASK_QUEUES = [Queue(name, routing_key=name) for name in (CELERY_TASK_DEFAULT_QUEUE, "mail")]
CELERY_TASK_ROUTES = {"directory.tasks.send_mail": {"queue": "mail"}}
VISIBILITY_TIMEOUT = 120  # seconds until Redis hands out again what no worker has said to be done with (R34)
if REDIS_URL:
    CELERY_BROKER_URL = REDIS_URL
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "visibility_timeout": VISIBILITY_TIMEOUT,
        "unacked_restore_interval": 5,
        "unacked_restore_throttle": 1,
        "socket_timeout": 2,
        "socket_connect_timeout": 2,
        # Whoever accepts waits for one try, not for a series of them: the sweep tells what no message told (R25).
        "max_retries": 0,
    }
else:
    QUEUE_DIR = VAR_DIR / "queue"
    for _folder in (QUEUE_DIR, QUEUE_DIR / "messages"):
        _folder.mkdir(mode=0o700, exist_ok=True)
    CELERY_BROKER_URL = "filesystem://localhost"
    CELERY_BROKER_TRANSPORT = "config.broker:Transport"
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "data_folder_in": str(QUEUE_DIR / "messages"),
        "data_folder_out": str(QUEUE_DIR / "messages"),
        "control_folder": str(QUEUE_DIR / "control"),
        "polling_interval": 0.02,  # looking into an empty folder costs some microseconds (F13)
    }
CELERY_BEAT_SCHEDULE = {
    "sweep-export-batches": {"task": "erp_integrations.tasks.sweep", "schedule": 5.0},
    "remove-orphans": {"task": "erp_integrations.tasks.remove_orphans", "schedule": 3600.0},
    "write-accounting-digests": {"task": "erp_integrations.tasks.write_digests", "schedule": 300.0},
    "alert-about-overdue-files": {"task": "erp_integrations.tasks.alert_about_overdue_files", "schedule": 3600.0},
    "check-ledgers": {"task": "erp_integrations.tasks.check_ledgers", "schedule": crontab(hour=4, minute=10)},
    "open-due-periods": {"task": "invoicing.tasks.open_due_periods", "schedule": 300.0},
    "remind-unanswered": {"task": "invoicing.tasks.remind_unanswered", "schedule": 3600.0},
    "sweep-attachments": {"task": "invoicing.tasks.sweep_attachments", "schedule": crontab(hour=4, minute=40)},
    "sweep-made-files": {"task": "invoicing.tasks.sweep_made_files", "schedule": 5.0},
    "clear-made-files": {"task": "invoicing.tasks.clear_made_files", "schedule": 3600.0},
    "sweep-mail": {"task": "directory.tasks.sweep", "schedule": 20.0},
    "seal-events": {"task": "directory.tasks.seal_events", "schedule": 20.0},
    "clear-sessions": {"task": "directory.tasks.clear_sessions", "schedule": crontab(hour=5, minute=0)},
    "check-levels": {"task": "directory.tasks.check_levels", "schedule": crontab(hour=5, minute=20)},
    "note-head-of-events": {"task": "directory.tasks.note_head_of_events", "schedule": crontab(hour=5, minute=30)},
}
# What nobody took says nothing that the next one doesn't, so a weekend without a worker is not worked off; a clock that
# is a minute ahead on another host takes them all the same (R131). A night's check may still run in the evening.
for _periodic in CELERY_BEAT_SCHEDULE.values():
    _period = _periodic["schedule"] if isinstance(_periodic["schedule"], float) else 20 * 60 * 60
    _periodic["options"] = {"expires": max(60.0, _period)}
CELERY_BEAT_SCHEDULE_FILENAME = str(VAR_DIR / "beat-schedule")

structlog.configure(
    processors=[
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso"),
        structlog.processors.format_exc_info,
        structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
    ],
    logger_factory=structlog.stdlib.LoggerFactory(),
    cache_logger_on_first_use=True,
)
LOGGING = logging_config(is_json=not EMBEDDED)
LOGGING["loggers"] = {name: {"level": "INFO"} for name in ("directory", "invoicing", "erp_integrations")} | {
    "answers": {"level": "WARNING" if EMBEDDED else "INFO"}
}
DJANGO_STRUCTLOG_USER_ID_FIELD = None  # asked without a database it would fail again; directory.middleware tells it
DJANGO_STRUCTLOG_IP_LOGGING_ENABLED = False  # its own believes any X-Forwarded-For (R91); directory.middleware tells it
DJANGO_STRUCTLOG_CELERY_ENABLED = True  # what a worker logs carries its task and the request that asked for it
DJANGO_STRUCTLOG_CELERY_TASK_RETRY_LOG_LEVEL = logging.INFO  # and of messages that are over: no news
SILENCED_SYSTEM_CHECKS = [
    "guardian.W001",  # guardian's backend would answer has_perm; only directory.permissions may
    "security.W005",  # whether other names of the domain speak https, and whether browsers should know beforehand,
    "security.W021",  # is for the owner of the domain to say: SECURE_HSTS_INCLUDE_SUBDOMAINS, SECURE_HSTS_PRELOAD
]

# Without a DSN nothing is sent anywhere. What is sent passes what the log passes: no secret, no typed text.
if SENTRY_DSN := env.str("SENTRY_DSN", default=""):
    sentry_sdk.init(
        dsn=SENTRY_DSN,
        send_default_pii=False,
        include_local_variables=False,
        max_request_body_size="never",
        before_send=without_secrets,
    )
