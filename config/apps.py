"""The project itself as an app: its commands, and the checks of its settings."""

from django.apps import AppConfig
from django.core.checks import register

from config.checks import bad_settings, worth_a_word


class ConfigConfig(AppConfig):
    name = "config"

    def ready(self) -> None:
        register(bad_settings, "security")
        register(worth_a_word, "security")
