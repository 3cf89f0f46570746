"""Who may do what in the admin, whichever page it is."""

from django.contrib import admin

from directory.permissions import is_site_owner


class OwnersOnly(admin.ModelAdmin):
    """Site owners add and change; other staff look; nobody deletes, because records point at these rows (R71).

    A form that carries out what was typed through an action knows by whom: `form.by`.
    """

    def has_add_permission(self, request, obj=None):
        return is_site_owner(request.user)

    def has_change_permission(self, request, obj=None):
        return is_site_owner(request.user)

    def has_delete_permission(self, request, obj=None):
        return False

    def get_form(self, request, obj=None, change=False, **kwargs):  # Django's signature
        form = super().get_form(request, obj, change=change, **kwargs)
        form.by = request.user
        return form


class OwnersAlone(OwnersOnly):
    """Logins, rights and mail: nobody but site owners sees them, whatever Django permission somebody has (R71)."""

    def has_view_permission(self, request, obj=None):
        return is_site_owner(request.user)

    def has_module_permission(self, request):
        return is_site_owner(request.user)


class ReadOnly(OwnersOnly):
    """What the program wrote down: to be looked at."""

    def has_add_permission(self, request, obj=None):
        return False

    def has_change_permission(self, request, obj=None):
        return False


class OwnersRead(ReadOnly, OwnersAlone):
    """What the program wrote down, and only site owners see."""


def changes_in(form, is_new: bool) -> dict[str, list[str]]:
    """{field: [old, new]} of a valid form in words, as events keep it."""
    old = {} if is_new else form.initial
    return {name: [_words(old.get(name)), _words(form.cleaned_data[name])] for name in form.changed_data}


def _words(value) -> str:
    if value is None:
        return ""
    if hasattr(value, "__iter__") and not isinstance(value, str):
        return ", ".join(str(item) for item in value)
    return str(value)
