"""What enrollments tell the packages above them."""

from django.dispatch import Signal

learners_forgotten = Signal()
"""Learners are forgotten for good: whoever keeps copies of what they are called deletes those.

Sent in the transaction that forgets them. Arguments: `program_uuids`, the programs in which the keys are theirs;
`student_keys`, a set of keys; `names`, a set with the username and e-mail address of their account, if there is one;
`is_urgent`, whether what waits for a person's decision forgets them too, instead of being left alone.

Receivers return what they left alone, since it is not finished: {what it is called: student keys that it may name}.
"""
