"""Makes the words of links by trigger, where whoever stores a link does not bring them along: imports have them
made while they read their file.

And one foreign key of a link where there were two: what a link says of its owner is now what its grid says, and
an import checks half as much.
"""

import django.contrib.postgres.search
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

MARKS = "/.:-_?=&%#+,@"
LINK = {"title": "A", "note": "B", "url": "C"}


def _vector(column, weight):
    for mark in MARKS:
        column = f"replace({column}, '{mark}', ' ')"
    return f"setweight(to_tsvector('simple'::regconfig, {column}), '{weight}')"


WORDS = f"""
ALTER TABLE grids_link ALTER COLUMN search DROP EXPRESSION;

CREATE FUNCTION grids_link_words(title text, note text, url text) RETURNS tsvector
LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN
    {" || ".join(_vector(column, weight) for column, weight in LINK.items())};

CREATE FUNCTION grids_link_set_words() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.search := grids_link_words(NEW.title, NEW.note, NEW.url);
    RETURN NEW;
END $$;

CREATE TRIGGER link_words_made BEFORE INSERT ON grids_link FOR EACH ROW
WHEN (NEW.search IS NULL) EXECUTE FUNCTION grids_link_set_words();

CREATE TRIGGER link_words_changed BEFORE UPDATE ON grids_link FOR EACH ROW
WHEN (NEW.search IS NULL OR (OLD.title, OLD.note, OLD.url) IS DISTINCT FROM (NEW.title, NEW.note, NEW.url))
EXECUTE FUNCTION grids_link_set_words();
"""
OWNER = """
ALTER TABLE grids_grid ADD CONSTRAINT grid_owner_once UNIQUE (id, user_id);
ALTER TABLE grids_link ADD CONSTRAINT link_owner_is_the_grids
    FOREIGN KEY (grid_id, user_id) REFERENCES grids_grid (id, user_id);
"""


class Migration(migrations.Migration):
    dependencies = [("grids", "0005_words_faster")]

    operations = [
        migrations.SeparateDatabaseAndState(
            [migrations.RunSQL(WORDS)],
            [
                migrations.AlterField(
                    "link",
                    "search",
                    django.contrib.postgres.search.SearchVectorField(editable=False, null=True),
                )
            ],
        ),
        migrations.AlterField(
            "link",
            "user",
            models.ForeignKey(
                settings.AUTH_USER_MODEL,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                db_index=False,
                db_constraint=False,
            ),
        ),
        migrations.AlterField(
            "link",
            "grid",
            models.ForeignKey(
                "grids.grid",
                on_delete=django.db.models.deletion.CASCADE,
                related_name="links",
                db_index=False,
                db_constraint=False,
            ),
        ),
        migrations.RunSQL(OWNER),
    ]
