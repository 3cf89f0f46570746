from importlib import import_module

from django.apps import AppConfig


class InvoicingConfig(AppConfig):
    name = "invoicing"
    verbose_name = "Invoicing"

    def ready(self):
        import_module("invoicing.notifications")  # says who is told as what, whichever process sends the mail (R97)
