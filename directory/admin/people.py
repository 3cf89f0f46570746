"""People: their logins, whose directory they are in, and the way to what they may do there."""

from django import forms
from django.contrib import admin
from django.contrib.auth.models import Permission
from django.urls import path, reverse
from django.utils.decorators import method_decorator
from django.utils.html import format_html, format_html_join

from directory.actions import people, standing
from directory.actions.standing import FLAGS
from directory.admin.answering import rehearse
from directory.admin.bases import OwnersAlone
from directory.admin.levels import levels_page
from directory.decorators import with_fresh_sign_in
from directory.models import Company, Membership, PermissionTemplate, Person, Vendor
from directory.permissions import is_site_owner
from directory.typed import PlainField


class EntryForm(forms.ModelForm):
    """A new login always starts in one company's directory."""

    by = None  # the site owner who fills it in
    company = forms.ModelChoiceField(Company.objects.all())
    vendor = forms.ModelChoiceField(
        Vendor.objects.select_related("company"), required=False, help_text="Empty: employed by the company itself."
    )
    title = forms.CharField(max_length=80, required=False)
    address_is_checked = forms.BooleanField(
        required=False, help_text="Needed when the address is unlike those of the vendor's other people (R82)."
    )

    class Meta:
        model = Person
        fields = ("email", "name")

    def clean(self):
        values = super().clean()
        if not self.errors:
            rehearse(self, self.enter)
        return values

    def _get_validation_exclusions(self):
        """`enter` answers an e-mail that is a login already."""
        return super()._get_validation_exclusions() | {"email"}

    def enter(self) -> Membership:
        typed = self.cleaned_data
        return people.add_person(
            typed["company"],
            typed["email"],
            typed["name"],
            by=self.by,
            vendor=typed["vendor"],
            title=typed["title"],
            address_is_checked=typed["address_is_checked"],
        )


class LoginForm(forms.ModelForm):
    """A login as it stands on the whole site. `reason` is asked for by the action where one is needed."""

    by = None  # the site owner who fills it in
    reason = PlainField(
        max_length=300,
        required=False,
        help_text="Needed when the login is opened or closed, or what it may do in this admin changes.",
    )

    class Meta:
        model = Person
        fields = ("name", *FLAGS, "user_permissions")

    def clean(self):
        values = super().clean()
        if not self.errors:
            rehearse(self, self.apply)
        return values

    def apply(self) -> None:
        typed = self.cleaned_data
        wanted = {name: typed[name] for name in (*FLAGS, "user_permissions")}
        standing.rename_login(self.instance, typed["name"], by=self.by)
        standing.change_standing(self.instance, wanted, by=self.by, reason=typed["reason"])


class MembershipForm(forms.ModelForm):
    by = None  # the site owner who fills it in
    address_is_checked = forms.BooleanField(required=False)
    reason = PlainField(max_length=300, required=False, help_text="Needed to take somebody out of a directory.")

    class Meta:
        model = Membership
        fields = ("company", "vendor", "title", "is_active")

    def __init__(self, *args, **kwargs):  # Django's signature
        super().__init__(*args, **kwargs)
        self.fields["company"].disabled = self.instance.pk is not None

    def clean(self):
        values = super().clean()
        if self.errors or not self.has_changed():
            return values
        if self.instance.pk is None and not values["is_active"]:
            self.add_error("is_active", "Tick it to enter the person in this directory, or leave the row empty.")
        else:
            rehearse(self, self.apply)
        return values

    def apply(self) -> Membership:
        """Carry out what was typed through the actions, each with its event."""
        typed, person = self.cleaned_data, self.instance.person
        place = Membership.objects.filter(pk=self.instance.pk).first()
        if typed["is_active"] and not (place and place.is_active):
            return people.add_person(
                typed["company"],
                person.email,
                person.name,
                by=self.by,
                vendor=typed["vendor"],
                title=typed["title"],
                address_is_checked=typed["address_is_checked"],
            )
        if place.is_active and not typed["is_active"]:
            people.deactivate_membership(place, by=self.by, reason=typed["reason"])
            return place
        people.change_employer(
            place,
            typed["vendor"],
            typed["title"],
            by=self.by,
            reason=typed["reason"],
            address_is_checked=typed["address_is_checked"],
        )
        return place


class MembershipFormSet(forms.BaseInlineFormSet):
    """Rows are tried on against the login as it is, so they wait where the same page opens or closes it."""

    def clean(self):
        super().clean()
        is_open = Person.objects.values_list("is_active", flat=True).get(pk=self.instance.pk)
        if self.instance.is_active != is_open and any(row.has_changed() for row in self.forms):
            raise forms.ValidationError("First open or close the login and save. Then change where it is listed.")


class MembershipInline(admin.StackedInline):
    model = Membership
    form = MembershipForm
    formset = MembershipFormSet
    fields = ("company", "vendor", "title", "is_active", "address_is_checked", "reason")
    extra = 0
    can_delete = False
    verbose_name_plural = "in the directory of"

    def get_queryset(self, request):
        return super().get_queryset(request).select_related("company", "vendor__company", "person")

    def get_formset(self, request, obj=None, **kwargs):  # Django's signature
        formset = super().get_formset(request, obj, **kwargs)
        formset.form.by = request.user
        return formset

    def has_add_permission(self, request, obj=None):
        return is_site_owner(request.user)

    has_change_permission = has_add_permission

    def has_view_permission(self, request, obj=None):
        return is_site_owner(request.user) or super().has_view_permission(request, obj)


def _page(row) -> str:
    return reverse(f"admin:directory_{row._meta.model_name}_change", args=[row.pk])


def _links(shown: list[tuple[str, str]]):
    return format_html_join("", '<div><a href="{}">{}</a></div>', shown) or "never"


@admin.register(Person)
class PersonAdmin(OwnersAlone):
    list_display = ("name", "email", "employers", "is_accounting_approver", "is_active", "is_staff", "is_superuser")
    list_filter = ("is_active", "is_staff", "is_superuser", "memberships__company")
    search_fields = ("name", "email", "memberships__vendor__name")
    readonly_fields = ("last_login", "joined_at", "levels", "templates", "privileges", "asked_for")
    fieldsets = (
        (None, {"fields": ("name", "email", "is_active")}),
        ("What they may do", {"fields": ("levels", "templates", "privileges", "asked_for")}),
        ("This admin", {"fields": ("is_staff", "is_superuser", "user_permissions", "reason")}),
        ("Sign-in", {"fields": ("joined_at", "last_login")}),
    )

    def get_queryset(self, request):
        return (
            super()
            .get_queryset(request)
            .prefetch_related("memberships__company", "memberships__vendor", "privileges__company")
        )

    @admin.display(description="employed by")
    def employers(self, person):
        return ", ".join(people.employer(place) for place in person.memberships.all() if place.is_active)

    @admin.display(description="can push to accounting")
    def is_accounting_approver(self, person):
        own = {place.company_id for place in person.memberships.all() if place.is_active and not place.vendor_id}
        held = [each for each in person.privileges.all() if each.is_live and each.company_id in own]
        return ", ".join(each.company.name for each in held) if held and person.is_active else "–"

    @admin.display(description="levels on tools")
    def levels(self, person):
        return format_html(
            '<a href="{}">Show and set levels</a>', reverse("admin:directory_person_levels", args=[person.pk])
        )

    @admin.display(description="permission templates")
    def templates(self, person):
        held = PermissionTemplate.objects.filter(group__user=person).select_related("company")
        return ", ".join(f"{each.name} ({each.company})" for each in held) or "none"

    @admin.display(description="can push to accounting")
    def privileges(self, person):
        """Every grant, live or over, with its page; and the way to a new one."""
        held = person.privileges.select_related("company", "granted_by")
        shown = [
            (_page(each), f"{each.state_in_words}: {each.company}, granted by {each.granted_by}: “{each.reason}”")
            for each in held
        ]
        new = f"{reverse('admin:directory_accountingprivilege_add')}?person={person.pk}"
        return _links([*shown, (new, "Grant it…")])

    @admin.display(description="asked for")
    def asked_for(self, person):
        asked = person.privilege_requests.select_related("company", "asked_by")
        return _links(
            [
                (_page(each), f"{each.get_state_display()}: {each.company}, by {each.asked_by}: “{each.reason}”")
                for each in asked
            ]
        )

    @method_decorator(with_fresh_sign_in)  # another site owner can be made here
    def change_view(self, request, object_id, form_url="", extra_context=None):
        return super().change_view(request, object_id, form_url, extra_context)

    def get_readonly_fields(self, request, obj=None):
        """A login changes its address by itself, from both mailboxes (R90)."""
        return (*self.readonly_fields, "email") if obj else self.readonly_fields

    def get_fieldsets(self, request, obj=None):
        entry = ((None, {"fields": ("email", "name", "company", "vendor", "title", "address_is_checked")}),)
        return self.fieldsets if obj else entry

    def get_inlines(self, request, obj):
        return [MembershipInline] if obj else []

    def get_form(self, request, obj=None, change=False, **kwargs):  # Django's signature
        return super().get_form(request, obj, change=change, **kwargs | {"form": LoginForm if obj else EntryForm})

    def formfield_for_manytomany(self, db_field, request, **kwargs):  # Django's signature
        if db_field.name == "user_permissions":  # staff may be let in to look; levels are set on their own page (R64)
            shown = [
                f"view_{m._meta.model_name}"
                for m, page in admin.site._registry.items()
                if not isinstance(page, OwnersAlone)
            ]
            looking = Permission.objects.filter(content_type__app_label="directory", codename__in=shown)
            kwargs["queryset"] = looking.select_related("content_type")
        return super().formfield_for_manytomany(db_field, request, **kwargs)

    def save_model(self, request, obj, form, change):
        if change:
            form.apply()
            return
        obj.pk = form.enter().person_id
        obj.refresh_from_db()

    def save_related(self, request, form, formsets, change):
        """What the form itself holds is kept by its action already."""
        for formset in formsets:
            self.save_formset(request, form, formset, change)

    def save_formset(self, request, form, formset, change):
        formset.new_objects, formset.changed_objects, formset.deleted_objects = [], [], []
        for row in formset.forms:
            if row.has_changed():
                kept = row.apply()
                if row.instance.pk:
                    formset.changed_objects.append((kept, row.changed_data))
                else:
                    formset.new_objects.append(kept)

    def get_urls(self):
        levels = path("<int:pk>/levels/", self.admin_site.admin_view(levels_page), name="directory_person_levels")
        return [levels, *super().get_urls()]
