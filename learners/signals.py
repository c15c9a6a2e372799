"""What the accounts tell the packages above them."""

from django.dispatch import Signal

identity_created = Signal()
"""An account can now be found by a student key.

Sent when a `social_django` identity at an enabled provider is saved with a new account or uid, in the transaction of
that save, if there is one. Arguments: `user`, the account; `organization_key`, the key of the provider's
organization; `student_key`, the part of the uid after its first colon.
"""
