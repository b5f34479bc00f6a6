"""Let a link pass on its visitors' query: on for new links, off for those that exist.

The redirect hears of a change by the trigger of migration 0002, which names the columns that it watches.
"""

from django.db import migrations, models

BEFORE = "url alias grid_id x y width height is_deleted active_from active_until"


def _watch(columns):
    changed = " OR ".join(f"OLD.{name} IS DISTINCT FROM NEW.{name}" for name in columns.split())
    return (
        "DROP TRIGGER link_changed ON grids_link;"
        " CREATE TRIGGER link_changed AFTER UPDATE ON grids_link FOR EACH ROW"
        f" WHEN ({changed}) EXECUTE FUNCTION grids_link_changed()"
    )


class Migration(migrations.Migration):
    dependencies = [("grids", "0007_clicks_before_import")]

    operations = [
        migrations.AddField(
            "link", "forward_query", models.BooleanField(db_default=False, default=True)
        ),
        migrations.RunSQL(_watch(f"{BEFORE} forward_query"), _watch(BEFORE)),
    ]
