"""A job's history can be added to and, with its job, removed; never rewritten."""

from django.db import migrations

FORWARD = """
CREATE FUNCTION tasks_refuse_update() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'rows of % are never changed', TG_TABLE_NAME;
END
$$;
CREATE TRIGGER job_event_append_only BEFORE UPDATE ON tasks_job_event
FOR EACH ROW EXECUTE FUNCTION tasks_refuse_update();
"""
BACKWARD = """
DROP TRIGGER job_event_append_only ON tasks_job_event;
DROP FUNCTION tasks_refuse_update();
"""


class Migration(migrations.Migration):
    dependencies = [("tasks", "0001_initial")]

    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
