"""Remembers whose each deleted row was, so that no archive of another account takes its slug."""

from django.db import migrations, models

TABLES = ("grids_grid", "grids_link", "reports_report", "tasks_schedule", "tasks_webhook_endpoint")
FUNCTION = """
CREATE FUNCTION reports_slugs_deleted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO reports_deleted_slug (slug, user_id) SELECT slug, user_id FROM gone
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$
"""
TRIGGER = """
CREATE TRIGGER slugs_deleted AFTER DELETE ON {table} REFERENCING OLD TABLE AS gone
FOR EACH STATEMENT EXECUTE FUNCTION reports_slugs_deleted()
"""


class Migration(migrations.Migration):
    dependencies = [
        ("grids", "0007_clicks_before_import"),
        ("tasks", "0008_ends_are_notified"),
        ("reports", "0006_results_kept_since"),
    ]

    operations = [
        migrations.CreateModel(
            name="DeletedSlug",
            fields=[
                ("slug", models.CharField(max_length=35, primary_key=True, serialize=False)),
                ("user_id", models.BigIntegerField()),
            ],
            options={"db_table": "reports_deleted_slug"},
        ),
        migrations.RunSQL(FUNCTION, "DROP FUNCTION reports_slugs_deleted()"),
        *(
            migrations.RunSQL(TRIGGER.format(table=table), f"DROP TRIGGER slugs_deleted ON {table}")
            for table in TABLES
        ),
    ]
