"""Partner applications and roles."""

from typing import cast

from django.conf import settings
from django.contrib.auth.hashers import check_password
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils import timezone
from model_utils.models import TimeStampedModel
from oauth2_provider.models import AbstractApplication
from simple_history.models import HistoricalRecords

from access.constants import Role, Scope
from access.hashers import hash_in_vain
from learners.service import User
from tracing.models import TracedChange


class Application(AbstractApplication):
    """What a partner's system signs in as. `user` is its service account, which holds its roles.

    While its secret is being replaced, the one before (`retiring_client_secret`, hashed too) is valid until
    `retiring_client_secret_expires_at`. `last_used_at` is when it last got a token.
    """

    allowed_scopes = ArrayField(
        models.CharField(max_length=32, choices=Scope), default=list, blank=True, help_text="What its tokens may hold."
    )
    retiring_client_secret = models.CharField(max_length=255, blank=True, default="", editable=False)
    retiring_client_secret_expires_at = models.DateTimeField(null=True, blank=True, editable=False)
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)
    revoked_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta(AbstractApplication.Meta):
        ordering = ("name", "id")
        verbose_name = "partner application"
        constraints = (
            models.CheckConstraint(
                condition=Q(
                    client_type=AbstractApplication.CLIENT_CONFIDENTIAL,
                    authorization_grant_type=AbstractApplication.GRANT_CLIENT_CREDENTIALS,
                    hash_client_secret=True,
                ),
                name="application_client_credentials_only",
            ),
            models.CheckConstraint(condition=Q(user__isnull=False), name="application_has_service_account"),
            models.CheckConstraint(
                condition=Q(allowed_scopes__contained_by=Scope.values), name="application_known_scopes"
            ),
        )

    @property
    def account(self) -> User:
        """The service account; the database lets it be missing in no row."""
        return cast(User, self.user)

    def is_usable(self, request: object) -> bool:
        """Tell whether it may get and use tokens; the OAuth toolkit asks with its own kind of request."""
        return self.revoked_at is None and self.account.is_active

    def accepts_secret(self, secret: str) -> bool:
        """Tell whether this is its secret, or the one before while that is still valid.

        A wrong one takes as long either way.
        """
        if check_password(secret, self.client_secret):
            return True
        expires_at = self.retiring_client_secret_expires_at
        if expires_at is not None and timezone.now() < expires_at:
            return check_password(secret, self.retiring_client_secret)
        hash_in_vain(secret)
        return False


class RoleAssignment(TimeStampedModel):
    """A role of a user, or of all members of a group, on all programs of an organization or on one program.

    Organizations go by key and programs by uuid, because the catalog may live in another service.
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="role_assignments",
        db_index=False,
    )  # the unique constraints' indexes begin with it
    group = models.ForeignKey(
        "auth.Group", on_delete=models.CASCADE, null=True, blank=True, related_name="role_assignments", db_index=False
    )  # as above
    role = models.CharField(max_length=6, choices=Role)
    organization_key = models.CharField(  # noqa: DJ001 -- "" would collide in the unique constraints
        "organization",
        max_length=255,
        null=True,
        blank=True,
        db_index=True,
        help_text="The organization's key: for all programs that it authors, now and later.",
    )
    program_uuid = models.UUIDField(
        "program", null=True, blank=True, db_index=True, help_text="The program's uuid: for this program only."
    )

    history = HistoricalRecords(bases=[TracedChange])

    class Meta:
        ordering = ("id",)
        constraints = (
            models.CheckConstraint(
                condition=Q(user__isnull=False, group__isnull=True) | Q(user__isnull=True, group__isnull=False),
                name="roleassignment_one_holder",
                violation_error_message="Give either a user or a group.",
            ),
            models.CheckConstraint(
                condition=(Q(organization_key__isnull=False) & ~Q(organization_key="") & Q(program_uuid__isnull=True))
                | Q(organization_key__isnull=True, program_uuid__isnull=False),
                name="roleassignment_one_place",
                violation_error_message="Give either an organization or a program.",
            ),
            models.CheckConstraint(condition=Q(role__in=Role.values), name="roleassignment_known_role"),
            *(
                models.UniqueConstraint(
                    fields=[holder, place],
                    name=f"roleassignment_once_{holder}_{place}",
                    violation_error_message="There is a role for this holder at this place already; change that one.",
                )
                for holder in ("user", "group")
                for place in ("organization_key", "program_uuid")
            ),
        )

    @property
    def place(self) -> str:
        """Where the role is held, in words."""
        if self.organization_key is not None:
            return f"organization {self.organization_key}"
        return f"program {self.program_uuid}"

    def __str__(self) -> str:
        return f"role assignment {self.pk}"
