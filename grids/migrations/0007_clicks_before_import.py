"""Name the clicks that a link had before its import in the database as the API names them."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("grids", "0006_link_words_by_trigger")]

    operations = [
        migrations.RenameField("link", "base_clicks", "clicks_before_import"),
        migrations.RenameField("link", "base_clicks_from", "clicks_before_import_from"),
    ]
