"""What gunicorn serves, once the settings are fit to be served with."""

import os

from django.core.exceptions import ImproperlyConfigured
from django.core.wsgi import get_wsgi_application

from config.checks import bad_settings, tell_of_the_role

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

application = get_wsgi_application()
if problems := bad_settings():
    raise ImproperlyConfigured("\n".join(f"{problem.msg} {problem.hint}" for problem in problems))
tell_of_the_role()
