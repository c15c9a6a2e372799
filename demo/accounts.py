"""The accounts and the partner of the demo, with published secrets; `load_demo` refuses to run in production."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DemoAccount:
    """An account that can sign in. `student_key` is None for whoever is no learner."""

    username: str
    password: str
    first_name: str
    last_name: str
    student_key: str | None = None
    is_staff: bool = False
    is_superuser: bool = False

    @property
    def email(self) -> str:
        """An address that can never be delivered to."""
        return f"{self.username}@example.edu"


@dataclass(frozen=True, slots=True)
class DemoPartner:
    """A school's system, which signs in with its own id and secret."""

    name: str
    client_id: str
    client_secret: str


STAFF = DemoAccount("demo-staff", "demo-staff-password", "Sam", "Staff", is_staff=True, is_superuser=True)
PARTNER = DemoPartner("UC Davis student records", "ucdavis-sis", "ucdavis-sis-demo-secret")

AMARA = DemoAccount("amara", "demo-learner-password", "Amara", "Okafor", student_key="ucd-1001")
BRUNO = DemoAccount("bruno", "demo-learner-password", "Bruno", "Silva", student_key="ucd-1002")
CHEN = DemoAccount("chen", "demo-learner-password", "Chen", "Li", student_key="ucd-1003")
GITA = DemoAccount("gita", "demo-learner-password", "Gita", "Rao", student_key="gt-2001")

UCDAVIS_LEARNERS = (AMARA, BRUNO, CHEN)
GTX_LEARNERS = (GITA,)
LEARNERS = UCDAVIS_LEARNERS + GTX_LEARNERS
