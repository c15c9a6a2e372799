"""System checks of where files are kept."""

import os
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register


@register(Tags.files, deploy=True)
def check_files_folder(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Find out before the first upload whether files can be stored."""
    folder = Path(settings.MEDIA_ROOT).absolute()
    standing = next(place for place in (folder, *folder.parents) if place.exists())
    if standing.is_dir() and os.access(standing, os.W_OK | os.X_OK):
        return []
    return [
        Error(
            f"FILES_FOLDER ({folder}) cannot be written by this user, so that no roster can be uploaded.",
            hint="Make the folder, and give it to the user that runs the service.",
            id="imports.E001",
        )
    ]
