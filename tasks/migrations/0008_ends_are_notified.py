"""Tells whoever waits for a job, by NOTIFY, that it has ended."""

from django.db import migrations

FUNCTION = """
CREATE FUNCTION tasks_job_ended() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('job_' || NEW.slug, '');
    RETURN NULL;
END $$
"""
TRIGGER = """
CREATE TRIGGER job_ended AFTER UPDATE ON tasks_job FOR EACH ROW
WHEN (OLD.finished_on IS NULL AND NEW.finished_on IS NOT NULL) EXECUTE FUNCTION tasks_job_ended()
"""


class Migration(migrations.Migration):
    dependencies = [("tasks", "0007_schedule_notices")]

    operations = [
        migrations.RunSQL(FUNCTION, "DROP FUNCTION tasks_job_ended()"),
        migrations.RunSQL(TRIGGER, "DROP TRIGGER job_ended ON tasks_job"),
    ]
