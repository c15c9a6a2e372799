"""Factories of roles and partner applications."""

import factory

from access.models import Application, RoleAssignment
from access.partners import create_application
from tests.factories.learners import UserFactory

CLIENT_SECRET = "a-secret-that-only-tests-know"


class RoleAssignmentFactory(factory.django.DjangoModelFactory):
    """Give `organization_key` or `program_uuid`, and `group` (with `user=None`) or `user`."""

    class Meta:
        model = RoleAssignment

    user = factory.SubFactory(UserFactory)
    role = "reader"


def make_application(
    *scopes: str, name: str = "Partner", client_secret: str = CLIENT_SECRET, **fields: object
) -> Application:
    """Return an application with these scopes; `CLIENT_SECRET` is its secret."""
    application = create_application(name, scopes=scopes, client_secret=client_secret).application
    for field, value in fields.items():
        setattr(application, field, value)
    application.save()
    return application
