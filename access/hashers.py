"""How client secrets are stored."""

from django.contrib.auth.hashers import PBKDF2PasswordHasher


class ClientSecretHasher(PBKDF2PasswordHasher):
    """Hashes client secrets. They are long and random, so that nobody guesses one from its hash.

    The many iterations that protect passwords would only let token requests wear out the processor.
    """

    algorithm = "pbkdf2_sha256_client_secret"
    iterations = 10_000
