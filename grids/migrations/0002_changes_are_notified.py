"""Tells redirect processes, by NOTIFY, what a commit has changed of where a link leads.

One notice a grid, however many of its links a transaction changes: Postgres drops repeats. A key that is
new is told as well, since somebody may have looked for it in vain just before.
"""

from django.db import migrations

NOTIFY_LINK = """
CREATE FUNCTION grids_link_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'INSERT' THEN
        PERFORM pg_notify('gridlink_changes', 'grid ' || OLD.grid_id);
    END IF;
    IF TG_OP <> 'DELETE' AND NEW.alias IS NOT NULL THEN
        PERFORM pg_notify('gridlink_changes', 'key ' || NEW.alias);
    END IF;
    -- On a private grid it was looked for in vain.
    IF TG_OP = 'UPDATE' AND OLD.grid_id <> NEW.grid_id THEN
        PERFORM pg_notify('gridlink_changes', 'key ' || NEW.slug);
    END IF;
    RETURN NULL;
END $$
"""
NOTIFY_GRID = """
CREATE FUNCTION grids_grid_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'INSERT' THEN
        PERFORM pg_notify('gridlink_changes', 'grid ' || OLD.id);
    END IF;
    IF TG_OP = 'UPDATE' THEN
        -- What was private or in the trash was looked for in vain under each of its keys.
        PERFORM pg_notify('gridlink_changes', 'all') WHERE OLD.visibility <> NEW.visibility;
        PERFORM pg_notify('gridlink_changes', 'key ' || NEW.slug);
    END IF;
    IF TG_OP <> 'DELETE' AND NEW.alias IS NOT NULL THEN
        PERFORM pg_notify('gridlink_changes', 'key ' || NEW.alias);
    END IF;
    RETURN NULL;
END $$
"""
NOTIFY_USER = """
CREATE FUNCTION grids_user_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('gridlink_changes', 'all');
    RETURN NULL;
END $$
"""
LINK_COLUMNS = "url alias grid_id x y width height is_deleted active_from active_until"
GRID_COLUMNS = "alias visibility is_deleted user_id"


def _trigger(name, table, event, function, columns=""):
    changed = " OR ".join(
        f"OLD.{column} IS DISTINCT FROM NEW.{column}" for column in columns.split()
    )
    when = f"WHEN ({changed})" if columns else ""
    return migrations.RunSQL(
        f"CREATE TRIGGER {name} AFTER {event} ON {table} FOR EACH ROW {when}"
        f" EXECUTE FUNCTION {function}()",
        f"DROP TRIGGER {name} ON {table}",
    )


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial"), ("grids", "0001_initial")]

    operations = [
        migrations.RunSQL(NOTIFY_LINK, "DROP FUNCTION grids_link_changed()"),
        migrations.RunSQL(NOTIFY_GRID, "DROP FUNCTION grids_grid_changed()"),
        migrations.RunSQL(NOTIFY_USER, "DROP FUNCTION grids_user_changed()"),
        _trigger("link_changed", "grids_link", "UPDATE", "grids_link_changed", LINK_COLUMNS),
        migrations.RunSQL(
            "CREATE TRIGGER link_made AFTER INSERT ON grids_link FOR EACH ROW"
            " WHEN (NEW.alias IS NOT NULL) EXECUTE FUNCTION grids_link_changed()",
            "DROP TRIGGER link_made ON grids_link",
        ),
        _trigger("link_removed", "grids_link", "DELETE", "grids_link_changed"),
        _trigger("grid_changed", "grids_grid", "UPDATE", "grids_grid_changed", GRID_COLUMNS),
        migrations.RunSQL(
            "CREATE TRIGGER grid_made AFTER INSERT ON grids_grid FOR EACH ROW"
            " WHEN (NEW.alias IS NOT NULL) EXECUTE FUNCTION grids_grid_changed()",
            "DROP TRIGGER grid_made ON grids_grid",
        ),
        _trigger("grid_removed", "grids_grid", "DELETE", "grids_grid_changed"),
        _trigger("user_changed", "accounts_user", "UPDATE", "grids_user_changed", "is_active"),
    ]
