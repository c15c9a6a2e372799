from django.db import migrations, models

class Migration(migrations.Migration):
    """Course enrollments know their program, so that a run's listing in a program is one range of an index."""

    dependencies = [("program_enrollments", "0001_initial")]

    operations = [
        *[
            migrations.AddField(
                model_name=model,
                name="program_uuid",
                field=models.UUIDField(editable=False, null=True, verbose_name="program"),
            )
            for model in ("programcourseenrollment", "historicalprogramcourseenrollment")
        ],
        migrations.RunSQL(
            [
                "UPDATE program_enrollments_programcourseenrollment AS c SET program_uuid = e.program_uuid "
                "FROM program_enrollments_programenrollment AS e WHERE e.id = c.program_enrollment_id",
                "UPDATE program_enrollments_historicalprogramcourseenrollment AS c SET program_uuid = e.program_uuid "
                "FROM program_enrollments_historicalprogramenrollment AS e WHERE e.id = c.program_enrollment_id",
                # Where the program enrollment has left no history of its own, nobody can tell the program any more.
                "UPDATE program_enrollments_historicalprogramcourseenrollment "
                "SET program_uuid = '00000000-0000-0000-0000-000000000000' WHERE program_uuid IS NULL",
                "SET CONSTRAINTS ALL IMMEDIATE",
            ],
            migrations.RunSQL.noop,
        ),
        *[
            migrations.AlterField(
                model_name=model,
                name="program_uuid",
                field=models.UUIDField(editable=False, verbose_name="program"),
            )
            for model in ("programcourseenrollment", "historicalprogramcourseenrollment")
        ],
        migrations.AddConstraint(
            model_name="programenrollment",
            constraint=models.UniqueConstraint(fields=("program_uuid", "id"), name="programenrollment_in_program"),
        ),
        migrations.RemoveIndex(model_name="programenrollment", name="programenrollment_listing"),
        migrations.AlterField(
            model_name="programcourseenrollment",
            name="program_enrollment",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=models.deletion.CASCADE,
                related_name="program_course_enrollments",
                to="program_enrollments.programenrollment",
            ),
        ),
        migrations.RunSQL(
            "ALTER TABLE program_enrollments_programcourseenrollment ADD CONSTRAINT programcourseenrollment_in_program "
            "FOREIGN KEY (program_uuid, program_enrollment_id) "
            "REFERENCES program_enrollments_programenrollment (program_uuid, id) DEFERRABLE INITIALLY DEFERRED",
            "ALTER TABLE program_enrollments_programcourseenrollment DROP CONSTRAINT programcourseenrollment_in_program",
        ),
        migrations.RemoveIndex(model_name="programcourseenrollment", name="progcourseenroll_listing"),
        migrations.AddIndex(
            model_name="programcourseenrollment",
            index=models.Index(fields=["program_uuid", "course_key", "id"], name="progcourseenroll_listing"),
        ),
    ]
