from django.db import migrations, models

import catalog.models


class Migration(migrations.Migration):
    """Programs that nobody has named get a key of their own; the database does not change."""

    dependencies = [("catalog", "0002_program_key")]

    operations = [
        migrations.AlterField(
            model_name="program",
            name="key",
            field=models.SlugField(
                db_index=False,
                default=catalog.models.make_program_key,
                help_text="Names the program in the Registrar API's addresses.",
                max_length=255,
                unique=True,
            ),
        ),
    ]
