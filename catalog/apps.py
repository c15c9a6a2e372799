from django.apps import AppConfig


class CatalogConfig(AppConfig):
    """Programs, curricula, courses and course runs, mirrored from a course catalog."""

    name = "catalog"
    verbose_name = "Catalog"
