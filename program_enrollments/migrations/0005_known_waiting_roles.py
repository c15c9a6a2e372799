from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models


class Migration(migrations.Migration):
    """New rows are checked from here on; those that stand, by the next migration, while others go on writing."""

    dependencies = [("program_enrollments", "0004_room_for_updates")]

    operations = [
        AddConstraintNotValid(
            model_name="courseaccessroleassignment",
            constraint=models.CheckConstraint(
                condition=models.Q(("role", "staff")), name="courseaccessroleassignment_known_role"
            ),
        ),
    ]
