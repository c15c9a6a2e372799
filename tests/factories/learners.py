"""Factories of accounts and of what they hold in course runs."""

import factory
from opaque_keys.edx.keys import CourseKey
from social_django.models import UserSocialAuth

from learners.models import Certificate, CourseAccessRole, CourseEnrollment, EmailOptOut, IdentityProvider, User
from tests.factories.catalog import OrganizationFactory

RUN_KEY = CourseKey.from_string("course-v1:edX+ToyX+2026_T1")


class UserFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = User

    username = factory.Sequence(lambda n: f"learner{n}")
    email = factory.LazyAttribute(lambda o: f"{o.username}@example.edu")


class StaffFactory(UserFactory):
    username = factory.Sequence(lambda n: f"staff{n}")
    is_staff = True


class IdentityProviderFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = IdentityProvider

    organization = factory.SubFactory(OrganizationFactory)
    slug = factory.Sequence(lambda n: f"school-{n}")


class IdentityFactory(factory.django.DjangoModelFactory):
    """A user's identity: give `identity_provider` and `student_key`."""

    class Meta:
        model = UserSocialAuth

    class Params:
        identity_provider = factory.SubFactory(IdentityProviderFactory)
        student_key = factory.Sequence(lambda n: f"student-{n}")

    user = factory.SubFactory(UserFactory)
    provider = "tpa-saml"
    uid = factory.LazyAttribute(lambda o: f"{o.identity_provider.slug}:{o.student_key}")


class CourseEnrollmentFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = CourseEnrollment

    user = factory.SubFactory(UserFactory)
    course_key = RUN_KEY
    mode = "masters"


class CourseAccessRoleFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = CourseAccessRole

    user = factory.SubFactory(UserFactory)
    course_key = RUN_KEY
    role = "staff"


class CertificateFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Certificate

    user = factory.SubFactory(UserFactory)
    course_key = RUN_KEY


class EmailOptOutFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = EmailOptOut

    user = factory.SubFactory(UserFactory)
    course_key = RUN_KEY
