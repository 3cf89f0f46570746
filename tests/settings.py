"""The site's settings as the tests run them: a folder of their own, a quick hasher, mail kept in memory."""

import atexit
import os
import shutil
import tempfile

VAR = os.environ["PLUMBLINE_VAR"] = tempfile.mkdtemp(prefix="plumbline-tests-")
atexit.register(shutil.rmtree, VAR, ignore_errors=True)
os.environ.setdefault("SECRET_KEY", "only for tests")

from config.settings import *  # noqa: E402, F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
ALLOWED_HOSTS = ["localhost", "127.0.0.1", "[::1]"]  # SITE_URL's, which the benchmarks ask at
EVEN_ANSWER_SECONDS = 0
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
if not REDIS_URL:  # noqa: F405
    CELERY_BROKER_URL = "memory://"
    CELERY_BROKER_TRANSPORT = None
DEMO = True
WHITENOISE_AUTOREFRESH = True
STORAGES["staticfiles"]["BACKEND"] = "django.contrib.staticfiles.storage.StaticFilesStorage"  # noqa: F405
if EMBEDDED:  # noqa: F405
    # Several processes and threads open it in some tests, which an in-memory database does not allow.
    DATABASES["default"]["TEST"] = {"NAME": os.path.join(VAR, "test.sqlite3")}  # noqa: F405
    DATABASES["default"]["OPTIONS"]["init_command"] = (  # noqa: F405
        "PRAGMA journal_mode=WAL;PRAGMA synchronous=OFF;PRAGMA busy_timeout=20000;PRAGMA recursive_triggers=ON;"
    )
else:
    # Nobody pulls the plug in these tests; tests/services, which crash PostgreSQL, have settings of their own. And a
    # test's transaction waits for a browser or another process as long as it takes. No table is worth compiling for.
    DATABASES["default"]["OPTIONS"]["options"] += (  # noqa: F405
        " -c synchronous_commit=off -c idle_in_transaction_session_timeout=0 -c jit=off"
    )
for template_engine in TEMPLATES:  # noqa: F405
    # A page that asks for something that isn't there fails its test instead of showing a gap.
    template_engine["OPTIONS"]["string_if_invalid"] = ""
