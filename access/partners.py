"""Partner applications: made, given new secrets, revoked."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.text import slugify
from oauth2_provider.generators import generate_client_id, generate_client_secret
from oauth2_provider.models import get_access_token_model

from access.constants import SCOPES_OF_ROLE, Role, Scope
from access.exceptions import PartnerError, UnknownApplication, UnknownPlace
from access.models import Application, RoleAssignment
from catalog.service import get_catalog
from learners.service import create_passwordless_account

NAME_LETTERS = 100
MAX_OVERLAP_HOURS = 30 * 24


@dataclass(frozen=True, slots=True)
class IssuedSecret:
    """An application with its secret in the clear, which is known at this moment only."""

    application: Application
    client_secret: str


@transaction.atomic
def create_partner(
    name: str,
    *,
    role: Role,
    organization_key: str | None = None,
    program_uuid: UUID | None = None,
    scopes: Sequence[Scope] | None = None,
) -> IssuedSecret:
    """Create an application whose service account holds a role on an organization or on a program.

    `scopes` None: all that are of use with the role. Raises: PartnerError, and then nothing was written.
    """
    if not name.strip():
        raise PartnerError("The partner needs a name.")
    if organization_key is None and program_uuid is None:
        raise PartnerError("Give an organization or a program.")
    require_place(organization_key, program_uuid)
    allowed = SCOPES_OF_ROLE[role] if scopes is None else scopes
    issued = create_application(name.strip(), scopes=allowed)
    RoleAssignment.objects.create(
        user=issued.application.user, role=role, organization_key=organization_key, program_uuid=program_uuid
    )
    return issued


@transaction.atomic
def create_application(
    name: str, *, scopes: Sequence[str], client_id: str | None = None, client_secret: str | None = None
) -> IssuedSecret:
    """Create an application and its service account, which holds no role yet; id and secret are random unless given."""
    client_secret = client_secret or generate_client_secret()
    account = create_passwordless_account(f"partner-{slugify(name)[:NAME_LETTERS]}-{secrets.token_hex(4)}")
    application = Application.objects.create(
        name=name,
        user=account,
        client_id=client_id or generate_client_id(),
        client_secret=client_secret,
        client_type=Application.CLIENT_CONFIDENTIAL,
        authorization_grant_type=Application.GRANT_CLIENT_CREDENTIALS,
        allowed_scopes=sorted({Scope(scope) for scope in scopes}),
    )
    return IssuedSecret(application=application, client_secret=client_secret)


@transaction.atomic
def rotate_secret(client_id: str, *, overlap: timedelta) -> IssuedSecret:
    """Give the application a new secret; the one it had stays valid for the overlap. Raises: PartnerError.

    A secret that was retiring already is worth nothing afterwards: at most two are valid at a time.
    """
    if not timedelta() <= overlap <= timedelta(hours=MAX_OVERLAP_HOURS):
        raise PartnerError(f"The overlap must be 0 to {MAX_OVERLAP_HOURS} hours.")
    application = _lock_application(client_id)
    application.retiring_client_secret = application.client_secret if overlap else ""
    application.retiring_client_secret_expires_at = timezone.now() + overlap if overlap else None
    application.client_secret = client_secret = generate_client_secret()
    application.save(
        update_fields=["client_secret", "retiring_client_secret", "retiring_client_secret_expires_at", "updated"]
    )
    return IssuedSecret(application=application, client_secret=client_secret)


@transaction.atomic
def revoke_application(client_id: str) -> Application:
    """Refuse the application from now on, with its secrets and all of its tokens. Raises: PartnerError."""
    application = _lock_application(client_id)
    application.revoked_at = timezone.now()
    application.save(update_fields=["revoked_at", "updated"])
    get_access_token_model().objects.filter(application=application).delete()
    return application


def list_applications() -> list[Application]:
    """Return all applications by name, with their accounts and the accounts' role assignments; two queries."""
    return list(Application.objects.select_related("user").prefetch_related("user__role_assignments"))


def describe_state(application: Application) -> str:
    """Return in words whether the application is valid, and until when its old secret is."""
    if not application.is_usable(None):
        return "revoked" if application.revoked_at else "account inactive"
    expires_at = application.retiring_client_secret_expires_at
    if expires_at is not None and timezone.now() < expires_at:
        return f"valid, old secret until {expires_at:%Y-%m-%d %H:%M} UTC"
    return "valid"


def _lock_application(client_id: str) -> Application:
    application = Application.objects.select_for_update().filter(client_id=client_id, revoked_at=None).first()
    if application is None:
        raise UnknownApplication(f"There is no application {client_id}, or it is revoked.")
    return application


def require_place(organization_key: str | None, program_uuid: UUID | None) -> None:
    """Raise UnknownPlace unless the catalog has what is given."""
    catalog = get_catalog()
    if organization_key is not None and catalog.list_programs_of_organization(organization_key) is None:
        raise UnknownPlace(f"The catalog has no organization {organization_key}.")
    if program_uuid is not None and catalog.find_program(program_uuid) is None:
        raise UnknownPlace(f"The catalog has no program {program_uuid}.")
