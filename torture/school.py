"""Schools to torture: organizations with programs that share course runs, a partner's and a member of staff's token."""

import secrets
from collections.abc import Collection
from dataclasses import dataclass
from urllib.parse import urlencode
from uuid import UUID

from opaque_keys.edx.keys import CourseKey
from social_django.models import UserSocialAuth

from access.service import Role, create_partner
from catalog.models import (
    Course,
    CourseRun,
    Curriculum,
    CurriculumCourse,
    Organization,
    Program,
    ProgramCourse,
    ProgramOrganization,
)
from learners.models import IdentityProvider, User
from torture.clients import Client

PASSWORD = secrets.token_urlsafe(24)


@dataclass(frozen=True, slots=True)
class Place:
    """A program, with its only curriculum, and the organization that administers it."""

    program_uuid: UUID
    curriculum_uuid: UUID
    organization_key: str


@dataclass(frozen=True, slots=True)
class School:
    """Programs of one or several organizations; every course run is in every program."""

    places: tuple[Place, ...]
    program_key: str
    """Of the first program."""
    course_keys: tuple[str, ...]
    slugs: dict[str, str]
    """{organization key: slug of its identity provider}"""
    client_id: str
    client_secret: str

    def add_account(self, organization_key: str, student_key: str) -> User:
        """Let a learner sign in for the first time: an account, unless there is one, and its identity."""
        slug = self.slugs[organization_key]
        username = self.username(organization_key, student_key)
        user, _ = User.objects.get_or_create(username=username, defaults={"email": f"{username}@example.edu"})
        UserSocialAuth.objects.get_or_create(provider="tpa-saml", uid=f"{slug}:{student_key}", defaults={"user": user})
        return user

    def username(self, organization_key: str, student_key: str) -> str:
        """Return what the learner's account is called."""
        return f"{self.slugs[organization_key]}-{student_key}"

    def add_accounts(self, organization_key: str, student_keys: Collection[str]) -> None:
        """Do so for many learners, for whom no enrollment waits."""
        slug = self.slugs[organization_key]
        names = [f"{slug}-{key}" for key in student_keys]
        users = User.objects.bulk_create(User(username=name, email=f"{name}@example.edu") for name in names)
        UserSocialAuth.objects.bulk_create(
            UserSocialAuth(provider="tpa-saml", uid=f"{slug}:{key}", user=user)
            for key, user in zip(student_keys, users, strict=True)
        )

    def ask_token(self, port: int) -> str:
        """Return a token of the partner, who may write in the first organization's programs."""
        form = urlencode(
            {
                "grant_type": "client_credentials",
                "token_type": "jwt",
                "client_id": self.client_id,
                "client_secret": self.client_secret,
            }
        )
        answer = Client(port).send(
            "POST", "/oauth2/access_token", form.encode(), media_type="application/x-www-form-urlencoded"
        )
        return str(answer.json()["access_token"])


def make_school(*, organizations: int = 1, programs: int = 4, runs: int = 3) -> School:
    """Add a school to the database: program n belongs to organization n modulo `organizations`."""
    name = f"torture{secrets.token_hex(4)}"
    makers = [Organization.objects.create(key=f"{name}{n}", name="Torture") for n in range(organizations)]
    slugs = {maker.key: maker.key for maker in makers}
    for maker in makers:
        IdentityProvider.objects.create(organization=maker, slug=slugs[maker.key])
    course = Course.objects.create(key=f"{name}+Course", title="Course")
    course_keys = [f"course-v1:{name}+Course+{n}" for n in range(runs)]
    for key in course_keys:
        CourseRun.objects.create(course=course, key=CourseKey.from_string(key), title=key)
    places = []
    for n in range(programs):
        maker = makers[n % organizations]
        program = Program.objects.create(
            key=f"{name}-{n}", title=f"Program {n}", type="Masters", marketing_slug=f"{name}-{n}", status="active"
        )
        ProgramOrganization.objects.create(program=program, organization=maker, position=0)
        ProgramCourse.objects.create(program=program, course=course, position=0)
        curriculum = Curriculum.objects.create(program=program, name="Only", is_active=True)
        CurriculumCourse.objects.create(curriculum=curriculum, course=course, position=0)
        places.append(Place(program.uuid, curriculum.uuid, maker.key))
    partner = create_partner(name, role=Role.WRITER, organization_key=makers[0].key)
    return School(
        tuple(places), f"{name}-0", tuple(course_keys), slugs, str(partner.application.client_id), partner.client_secret
    )


def ask_staff_token(port: int) -> str:
    """Return a token of a member of staff, who may do everything."""
    return _ask_token(port, "torture-staff", is_staff=True)


def ask_token_of_nobody(port: int) -> str:
    """Return a token of an account without any rights, `torture-nobody`."""
    return _ask_token(port, "torture-nobody", is_staff=False)


def _ask_token(port: int, username: str, *, is_staff: bool) -> str:
    user, _ = User.objects.get_or_create(username=username, defaults={"is_staff": is_staff, "is_superuser": is_staff})
    if not user.check_password(PASSWORD):
        user.set_password(PASSWORD)
        user.save()
    answer = Client(port).send("POST", "/api/token/", {"username": username, "password": PASSWORD})
    return str(answer.json()["access"])
