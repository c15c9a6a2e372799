"""Admin pages of accounts, and of what they hold in course runs."""

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group
from django.db.models import ForeignKey, ManyToOneRel, Model, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from social_django.admin import UserSocialAuthOption
from social_django.models import Association, Nonce, UserSocialAuth

from catalog.searched_choices import SearchedChoicesMixin
from learners.constants import CourseMode
from learners.course_run_admin import CourseRunHoldingAdmin
from learners.forms import IdentityForm
from learners.models import Certificate, CourseAccessRole, CourseEnrollment, EmailOptOut, IdentityProvider, User

RIGHTS = ("is_staff", "is_superuser", "groups", "user_permissions")


def list_referring_relations(record: Model) -> list[ManyToOneRel]:
    """Return the foreign keys to the record's model, from any app; historical rows are left out."""
    return [relation for relation in record._meta.related_objects if isinstance(relation, ManyToOneRel)]


def link_referring_lists(record: Model, site: admin.AdminSite) -> SafeString:
    """Link to the admin lists of what refers to the record, each with its length."""
    return format_html_join(
        "",
        '<p><a href="{}?{}__id__exact={}">{} ({})</a></p>',
        (
            (
                reverse(f"admin:{relation.related_model._meta.label_lower.replace('.', '_')}_changelist"),
                relation.field.name,
                record.pk,
                str(relation.related_model._meta.verbose_name_plural).capitalize(),
                getattr(record, str(relation.get_accessor_name())).count(),
            )
            for relation in list_referring_relations(record)
            if site.is_registered(relation.related_model)
        ),
    )


def may_change_account(request: HttpRequest, account: User) -> bool:
    """Tell whether the person may say how an account signs in.

    Whoever can sign in as another member of staff can take that person's rights: superusers alone may.
    """
    return request.user.is_superuser or account == request.user or not (account.is_staff or account.is_superuser)


class IdentityInline(admin.TabularInline):
    """The account's identities, to look at; a link leads to the page that changes one."""

    model = UserSocialAuth
    verbose_name = "identity"
    verbose_name_plural = "identities"
    fields = readonly_fields = ("provider", "uid", "created", "modified")
    can_delete = False
    show_change_link = True

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related("user")  # which an identity is called by

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(User)
class UserAdmin(DjangoUserAdmin):
    """Accounts. They are retired, not deleted."""

    list_display = ("username", "email", "first_name", "last_name", "is_active", "is_staff", "last_login")
    list_filter = ("is_active", "is_staff", "is_superuser", "date_joined", "last_login")
    list_per_page = 50
    search_fields = ("username", "email", "first_name", "last_name", "social_auth__uid")
    search_help_text = "Username, e-mail address, name or identity (provider:student key)"
    show_full_result_count = False
    readonly_fields = ("last_login", "date_joined", "holdings")
    inlines = (IdentityInline,)

    def get_fieldsets(self, request: HttpRequest, obj: User | None = None) -> Any:
        fieldsets = super().get_fieldsets(request, obj)
        if obj is None:
            return fieldsets
        description = (
            "An account is never deleted, because enrollments and their history refer to it. To lock it, clear "
            "“Active”. To erase the person's data, have an operator run <code>manage.py retire_user USERNAME</code>."
        )
        return (*fieldsets, ("Holdings", {"fields": ("holdings",), "description": description}))

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> Any:
        fields = super().get_readonly_fields(request, obj)
        # Whoever could change these could take every right.
        return fields if request.user.is_superuser else (*fields, *RIGHTS)

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return (obj is None or may_change_account(request, obj)) and super().has_change_permission(request, obj)

    def get_inlines(self, request: HttpRequest, obj: User | None) -> Any:
        return super().get_inlines(request, obj) if obj else ()

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return False

    @admin.display(description="this account has")
    def holdings(self, user: User) -> SafeString:
        return link_referring_lists(user, self.admin_site)


admin.site.unregister(Group)


@admin.register(Group)
class GroupAdmin(DjangoGroupAdmin):
    """Groups. Superusers alone say what their members may do."""

    def get_queryset(self, request: HttpRequest) -> QuerySet[Group]:
        return super().get_queryset(request).prefetch_related("permissions__content_type")  # what each is called by

    def get_readonly_fields(self, request: HttpRequest, obj: Group | None = None) -> Any:
        fields = super().get_readonly_fields(request, obj)
        # Whoever could change these could take every right, as a member of the group.
        return fields if request.user.is_superuser else (*fields, "permissions")


# The others are what OpenID 2.0 remembers; nothing in them is for people.
admin.site.unregister([UserSocialAuth, Association, Nonce])


@admin.register(UserSocialAuth)
class IdentityAdmin(SearchedChoicesMixin, UserSocialAuthOption):
    """social-auth's own page, made fit for many accounts, and for a search by student key."""

    autocomplete_fields = ("user",)
    fields = ("user", "provider", "uid", "created", "modified")
    form = IdentityForm
    list_display = ("user", "uid", "provider", "created", "modified")  # type: ignore[assignment]  # had six
    list_per_page = 50
    ordering = ("-id",)
    raw_id_fields = ()  # type: ignore[assignment]  # had one
    search_help_text = "Username, e-mail address or identity (provider:student key)"
    show_full_result_count = False

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        fields = super().get_readonly_fields(request, obj)
        return ("user", *fields) if obj else fields

    def get_search_fields(self, request: HttpRequest | None = None) -> list[str]:
        return ["user__username", "user__email", "uid"]

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return (obj is None or may_change_account(request, obj.user)) and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return (obj is None or may_change_account(request, obj.user)) and super().has_delete_permission(request, obj)

    def formfield_for_foreignkey(self, db_field: ForeignKey[Any, Any], request: HttpRequest, **kwargs: Any) -> Any:
        field = super().formfield_for_foreignkey(db_field, request, **kwargs)
        if field is not None and not request.user.is_superuser:
            field.queryset = User.objects.filter(is_staff=False, is_superuser=False)
            field.error_messages["invalid_choice"] = "Superusers alone add identities to accounts of the staff."
        return field


@admin.register(IdentityProvider)
class IdentityProviderAdmin(admin.ModelAdmin):
    """Where the learners of an organization sign in."""

    list_display = ("slug", "organization", "enabled", "modified")
    list_filter = ("enabled",)
    list_select_related = ("organization",)
    search_fields = ("slug", "organization__key", "organization__name")
    search_help_text = "Slug, or the organization's key or name"

    def get_readonly_fields(self, request: HttpRequest, obj: IdentityProvider | None = None) -> Any:
        # The identities of its learners begin with the slug.
        return ("organization", "slug") if obj else ()


class ModeFilter(admin.SimpleListFilter):
    """The known modes: asking the table which ones occur would read all of it."""

    title = "mode"
    parameter_name = "mode"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        return CourseMode.choices

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(mode=self.value()) if self.value() else queryset


@admin.register(CourseEnrollment)
class CourseEnrollmentAdmin(CourseRunHoldingAdmin):
    """Places in course runs. They are deactivated, not deleted."""

    list_display = ("user", "course_key", "mode", "is_active", "created", "modified")
    list_filter = ("is_active", ModeFilter, "created", "modified")
    readonly_fields = ("rests_on_it",)

    def get_fieldsets(self, request: HttpRequest, obj: CourseEnrollment | None = None) -> Any:
        description = (
            "While an enrollment through a program rests on it, mode and active follow that one: change it there."
        )
        fields = ("user", "course_key", "mode", "is_active", "resume_url")
        return (
            (None, {"fields": (*fields, "rests_on_it"), "description": description} if obj else {"fields": fields}),
        )

    def get_readonly_fields(self, request: HttpRequest, obj: CourseEnrollment | None = None) -> Any:
        fields = super().get_readonly_fields(request, obj)
        if obj and any(
            getattr(obj, str(relation.get_accessor_name())).exists() for relation in list_referring_relations(obj)
        ):
            return (*fields, "mode", "is_active")
        return fields

    def has_delete_permission(self, request: HttpRequest, obj: CourseEnrollment | None = None) -> bool:
        return False

    @admin.display(description="what rests on it")
    def rests_on_it(self, course_enrollment: CourseEnrollment) -> SafeString:
        return link_referring_lists(course_enrollment, self.admin_site)


@admin.register(CourseAccessRole)
class CourseAccessRoleAdmin(CourseRunHoldingAdmin):
    """Roles on course runs."""

    list_display = ("user", "course_key", "role", "created")
    list_filter = ("role", "created")


@admin.register(Certificate)
class CertificateAdmin(CourseRunHoldingAdmin):
    """What was earned in course runs."""

    list_display = ("user", "course_key", "is_passing", "created_date", "download_url")
    list_filter = ("is_passing", "created_date")


@admin.register(EmailOptOut)
class EmailOptOutAdmin(CourseRunHoldingAdmin):
    """Who does not want a course run's e-mail."""

    list_display = ("user", "course_key", "created")
    list_filter = ("created",)
