import django.core.serializers.json
from django.db import migrations, models


class Migration(migrations.Migration):
    """Rows that are created in course runs remember what the learner's account had there, for an undo to give it back."""

    dependencies = [("imports", "0002_leaner_rows")]

    operations = [
        migrations.AddField(
            model_name="importrow",
            name="account_before",
            field=models.JSONField(encoder=django.core.serializers.json.DjangoJSONEncoder, null=True),
        ),
    ]
