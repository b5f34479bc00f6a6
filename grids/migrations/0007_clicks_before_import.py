"""Name the clicks that a link had before its import in the database as the API names them.

The labels of two choices are in plainer words, too.
"""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("grids", "0006_link_words_by_trigger")]

    operations = [
        migrations.RenameField("link", "base_clicks", "clicks_before_import"),
        migrations.RenameField("link", "base_clicks_from", "clicks_before_import_from"),
        migrations.AlterField(
            "grid",
            "visibility",
            models.CharField(
                choices=[
                    ("public", "Listed on the owner's profile"),
                    ("unlisted", "For everybody who has the address"),
                    ("private", "For the owner"),
                ],
                default="private",
                max_length=8,
            ),
        ),
        migrations.AlterField(
            "linkcheck",
            "verdict",
            models.CharField(
                choices=[
                    ("ok", "The page is there"),
                    ("redirected", "The page has moved for good"),
                    ("slow", "The page is there, but took long"),
                    ("tls_expiring", "The certificate expires within two weeks"),
                    ("tls_expired", "The certificate has expired"),
                    ("tls_invalid", "The certificate is not to be trusted"),
                    ("denied", "The server answers, but does not show the page to a checker"),
                    ("dead", "The page, or its whole host, is gone"),
                    ("timeout", "There was no answer in time"),
                    ("blocked", "The address is not one that this server requests"),
                ],
                max_length=12,
            ),
        ),
    ]
