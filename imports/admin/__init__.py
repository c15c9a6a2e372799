"""The Django admin of imports: files are uploaded, followed and decided about; nothing is edited or deleted by hand."""

from imports.admin import model_admin

__all__ = ["model_admin"]
