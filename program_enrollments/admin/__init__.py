"""The Django admin of program enrollments.

Rows are changed through the Python API only, so that its rules and the history hold; nothing is added or deleted here.
"""

from program_enrollments.admin import model_admins

__all__ = ["model_admins"]
