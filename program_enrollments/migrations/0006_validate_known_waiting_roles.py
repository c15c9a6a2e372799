from django.contrib.postgres.operations import ValidateConstraint
from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [("program_enrollments", "0005_known_waiting_roles")]

    operations = [
        ValidateConstraint(
            model_name="courseaccessroleassignment", name="courseaccessroleassignment_known_role"
        ),
    ]
