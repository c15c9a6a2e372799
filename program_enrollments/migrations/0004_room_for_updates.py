from django.db import migrations

# A row that finds room in its own page is updated without a word in any index, and without images of further pages in
# the log. Pages that are full already keep what they have until they are written anew.
LEAVE_ROOM = """
ALTER TABLE program_enrollments_programenrollment SET (fillfactor = 85);
ALTER TABLE program_enrollments_programcourseenrollment SET (fillfactor = 85);
"""
LEAVE_NONE = """
ALTER TABLE program_enrollments_programenrollment RESET (fillfactor);
ALTER TABLE program_enrollments_programcourseenrollment RESET (fillfactor);
"""


class Migration(migrations.Migration):

    dependencies = [
        ('program_enrollments', '0003_longer_history_ids'),
    ]

    operations = [
        migrations.RunSQL(LEAVE_ROOM, reverse_sql=LEAVE_NONE),
    ]
