"""The site's real settings, for processes that are killed on purpose: real database, real queue, quick hasher."""

import os

from config.settings import *  # noqa: F403

DEMO = DEMO or not IS_HTTPS  # noqa: F405 (not in the open: as production a worker would refuse these settings)
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
LOGGING["root"]["level"] = os.environ.get("LOG_LEVEL", "CRITICAL")  # noqa: F405
LOGGING["loggers"] = {"erp_integrations": {"level": LOGGING["root"]["level"]}}  # noqa: F405 (whatever celery is told)
STORAGES["staticfiles"]["BACKEND"] = "django.contrib.staticfiles.storage.StaticFilesStorage"  # noqa: F405
