import django.core.validators
from django.db import migrations, models

from catalog.program_keys import choose_keys, suggest_key


def give_keys(apps, schema_editor):
    """Give the programs that stand their keys, as `load_catalog` gives new ones theirs; the oldest choose first."""
    programs = apps.get_model('catalog', 'Program')._default_manager.order_by('id')
    rows = list(programs.only('id', 'uuid', 'title', 'marketing_slug'))
    suggestions = {
        row.uuid: suggest_key(uuid=row.uuid, title=row.title, marketing_slug=row.marketing_slug) for row in rows
    }
    keys = choose_keys(suggestions, taken=())
    for row in rows:
        row.key = keys[row.uuid]
    programs.bulk_update(rows, ['key'], batch_size=1000)


class Migration(migrations.Migration):

    dependencies = [
        ('catalog', '0001_initial'),
    ]

    operations = [
        migrations.AddField(
            model_name='courserun',
            name='marketing_url',
            field=models.CharField(blank=True, default='', max_length=2000, validators=[django.core.validators.URLValidator(schemes=('http', 'https'))]),
        ),
        migrations.AddField(
            model_name='program',
            name='marketing_url',
            field=models.CharField(blank=True, default='', max_length=2000, validators=[django.core.validators.URLValidator(schemes=('http', 'https'))]),
        ),
        migrations.AddField(
            model_name='program',
            name='key',
            field=models.SlugField(db_index=False, max_length=255, null=True),
        ),
        migrations.RunPython(give_keys, migrations.RunPython.noop),
        migrations.AlterField(
            model_name='program',
            name='key',
            field=models.SlugField(db_index=False, help_text="Names the program in the Registrar API's addresses.", max_length=255, unique=True),
        ),
        migrations.AddConstraint(
            model_name='program',
            constraint=models.CheckConstraint(condition=models.Q(('key__regex', '^[a-zA-Z0-9_-]+$')), name='program_key_is_slug'),
        ),
    ]
