"""Why a partner application cannot be made or changed."""


class PartnerError(Exception):
    """The message says what is wrong, for the operator who asked."""


class UnknownPlace(PartnerError):
    """The catalog has no such organization or program."""


class UnknownApplication(PartnerError):
    """There is no application with this client id, or it is revoked."""
