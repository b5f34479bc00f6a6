"""Lets pages be made of grids: themes by name, and notices of all that a page shows.

A notice names what changed: "grid 7" its page and the redirects of its links, "user 7" what bears the user's
name, "profile 7" the list of the user's grids, "key news" what a slug or an alias leads to, and "unknown" that
something became visible which may have been looked for in vain.
"""

from django.db import migrations, models
from django.db.models import F, Value

import grids.models.grid

_LINK = "url alias grid_id x y width height is_deleted active_from active_until forward_query"
_LINK_NOW = f"{_LINK} title note background style"
_GRID = "alias visibility is_deleted user_id"
_GRID_NOW = f"{_GRID} title description theme colour_scheme columns"
_USER = "is_active"
_USER_NOW = f"{_USER} username display_name locale"

NOTIFY_LINK = """
CREATE OR REPLACE FUNCTION grids_link_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'INSERT' THEN
        PERFORM pg_notify('gridlink_changes', 'grid ' || OLD.grid_id);
    END IF;
    IF TG_OP <> 'DELETE' AND NEW.alias IS NOT NULL THEN
        PERFORM pg_notify('gridlink_changes', 'key ' || lower(NEW.alias));
    END IF;
    IF TG_OP = 'UPDATE' AND OLD.grid_id <> NEW.grid_id THEN
        PERFORM pg_notify('gridlink_changes', 'grid ' || NEW.grid_id);
        -- On a private grid it was looked for in vain.
        PERFORM pg_notify('gridlink_changes', 'key ' || NEW.slug);
    END IF;
    RETURN NULL;
END $$
"""
NOTIFY_LINK_BEFORE = NOTIFY_LINK.replace(
    "        PERFORM pg_notify('gridlink_changes', 'grid ' || NEW.grid_id);\n", ""
)
NOTIFY_GRID = """
CREATE OR REPLACE FUNCTION grids_grid_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'INSERT' THEN
        PERFORM pg_notify('gridlink_changes', 'grid ' || OLD.id);
        PERFORM pg_notify('gridlink_changes', 'profile ' || OLD.user_id);
    END IF;
    IF TG_OP = 'UPDATE' THEN
        -- What was private or in the trash was looked for in vain under each of its keys.
        PERFORM pg_notify('gridlink_changes', 'unknown')
            WHERE OLD.visibility <> NEW.visibility OR OLD.is_deleted <> NEW.is_deleted;
        PERFORM pg_notify('gridlink_changes', 'key ' || NEW.slug);
    END IF;
    -- Of a user without a public grid the profile was looked for in vain; and the map of the site lists all.
    IF TG_OP = 'INSERT' AND NEW.visibility = 'public' THEN
        PERFORM pg_notify('gridlink_changes', 'unknown');
    ELSIF TG_OP = 'DELETE' AND OLD.visibility = 'public' THEN
        PERFORM pg_notify('gridlink_changes', 'unknown');
    END IF;
    IF TG_OP <> 'DELETE' THEN
        PERFORM pg_notify('gridlink_changes', 'profile ' || NEW.user_id)
            WHERE NEW.visibility = 'public';
        PERFORM pg_notify('gridlink_changes', 'key ' || lower(NEW.alias)) WHERE NEW.alias IS NOT NULL;
    END IF;
    RETURN NULL;
END $$
"""
NOTIFY_GRID_BEFORE = """
CREATE OR REPLACE FUNCTION grids_grid_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'INSERT' THEN
        PERFORM pg_notify('gridlink_changes', 'grid ' || OLD.id);
    END IF;
    IF TG_OP = 'UPDATE' THEN
        PERFORM pg_notify('gridlink_changes', 'all') WHERE OLD.visibility <> NEW.visibility;
        PERFORM pg_notify('gridlink_changes', 'key ' || NEW.slug);
    END IF;
    IF TG_OP <> 'DELETE' AND NEW.alias IS NOT NULL THEN
        PERFORM pg_notify('gridlink_changes', 'key ' || lower(NEW.alias));
    END IF;
    RETURN NULL;
END $$
"""
# New links are told of once a statement: an import makes thousands.
NOTIFY_NEW_LINKS = """
CREATE FUNCTION grids_links_made() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('gridlink_changes', 'grid ' || grid_id)
        FROM (SELECT DISTINCT grid_id FROM made) AS grids;
    RETURN NULL;
END $$;
CREATE TRIGGER links_made AFTER INSERT ON grids_link REFERENCING NEW TABLE AS made
    FOR EACH STATEMENT EXECUTE FUNCTION grids_links_made()
"""
NOTIFY_USER = """
CREATE OR REPLACE FUNCTION grids_user_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('gridlink_changes', 'user ' || NEW.id);
    PERFORM pg_notify('gridlink_changes', 'unknown');
    RETURN NULL;
END $$
"""
NOTIFY_USER_BEFORE = """
CREATE OR REPLACE FUNCTION grids_user_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('gridlink_changes', 'all');
    RETURN NULL;
END $$
"""


def _watch(name, table, columns):
    changed = " OR ".join(
        f"OLD.{column} IS DISTINCT FROM NEW.{column}" for column in columns.split()
    )
    function = f"grids_{name}()"
    return (
        f"DROP TRIGGER {name} ON {table};"
        f" CREATE TRIGGER {name} AFTER UPDATE ON {table} FOR EACH ROW"
        f" WHEN ({changed}) EXECUTE FUNCTION {function}"
    )


def _made(condition):
    return (
        "DROP TRIGGER grid_made ON grids_grid;"
        " CREATE TRIGGER grid_made AFTER INSERT ON grids_grid FOR EACH ROW"
        f" WHEN ({condition}) EXECUTE FUNCTION grids_grid_changed()"
    )


def _watched(name, table, now, before):
    return migrations.RunSQL(_watch(name, table, now), _watch(name, table, before))


def _name_themes(apps, schema_editor):
    """Light and dark were themes; they are colour schemes of every theme now."""
    grids = apps.get_model("grids", "Grid").objects.filter(theme__in=["light", "dark"])
    grids.update(colour_scheme=F("theme"), theme=Value("auto"))


def _unname_themes(apps, schema_editor):
    grids = apps.get_model("grids", "Grid").objects.exclude(theme="auto", colour_scheme="auto")
    grids.update(theme=F("colour_scheme"))


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial"), ("grids", "0009_aliases_without_case")]

    operations = [
        migrations.AddField(
            "grid",
            "colour_scheme",
            models.CharField(
                choices=[
                    ("auto", "As the visitor's device"),
                    ("light", "Light"),
                    ("dark", "Dark"),
                ],
                default="auto",
                max_length=5,
            ),
        ),
        migrations.AlterField(
            "grid",
            "theme",
            models.CharField(
                choices=grids.models.grid.theme_choices, default="auto", max_length=16
            ),
        ),
        migrations.RunPython(_name_themes, _unname_themes),
        migrations.RunSQL(NOTIFY_LINK, NOTIFY_LINK_BEFORE),
        migrations.RunSQL(NOTIFY_GRID, NOTIFY_GRID_BEFORE),
        migrations.RunSQL(
            _made("NEW.alias IS NOT NULL OR NEW.visibility = 'public'"),
            _made("NEW.alias IS NOT NULL"),
        ),
        migrations.RunSQL(NOTIFY_USER, NOTIFY_USER_BEFORE),
        migrations.RunSQL(NOTIFY_NEW_LINKS, "DROP FUNCTION grids_links_made() CASCADE"),
        _watched("link_changed", "grids_link", _LINK_NOW, _LINK),
        _watched("grid_changed", "grids_grid", _GRID_NOW, _GRID),
        _watched("user_changed", "accounts_user", _USER_NOW, _USER),
    ]
