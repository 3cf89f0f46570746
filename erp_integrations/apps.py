from importlib import import_module

from django.apps import AppConfig


class ErpIntegrationsConfig(AppConfig):
    name = "erp_integrations"
    verbose_name = "ERP Integrations"

    def ready(self):
        import_module("erp_integrations.notifications")  # says who is told as what (R97)
        import_module("erp_integrations.known_numbers")  # what Sage holds already can't be sent again (I-6)
        import_module("erp_integrations.invoice_lists")  # what lists and pages of invoices say of accounting
        import_module("erp_integrations.dry_runs")  # a kind of file that is made in the background
