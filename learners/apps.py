from django.apps import AppConfig


class LearnersConfig(AppConfig):
    """Accounts, their identities at schools, and what they hold in course runs."""

    name = "learners"
    verbose_name = "Learners"
