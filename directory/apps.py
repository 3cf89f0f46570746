from importlib import import_module

from django.apps import AppConfig


class DirectoryConfig(AppConfig):
    name = "directory"
    verbose_name = "Directory"

    def ready(self):
        import_module("directory.checks")  # registers them; at the top it would ask for models before there are any
