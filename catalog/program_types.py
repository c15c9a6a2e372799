"""Names of program types."""


def slug_of_type(program_type: str) -> str:
    """Return the slug of a type given by its name or slug in any case (contract section 9).

    "Professional Certificate" and "professional-certificate" are both "professional-certificate".
    """
    return program_type.casefold().replace(" ", "-")
