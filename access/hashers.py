"""How client secrets are stored."""

from django.contrib.auth.hashers import PBKDF2PasswordHasher, make_password

SECRETS_OF_AN_APPLICATION = 2
"""At most: one may be retiring while another is there already."""


class ClientSecretHasher(PBKDF2PasswordHasher):
    """Hashes client secrets. They are long and random, so that nobody guesses one from its hash.

    The many iterations that protect passwords would only let token requests wear out the processor.
    """

    algorithm = "pbkdf2_sha256_client_secret"
    iterations = 10_000


def hash_in_vain(secret: str, *, times: int = 1) -> None:
    """Do the work of checking a secret, so that the time of a refusal does not tell what there was to check against."""
    for _ in range(times):
        make_password(secret, hasher=ClientSecretHasher.algorithm)
