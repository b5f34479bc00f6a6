from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("reports", "0002_exports_of_clicks"),
    ]

    operations = [
        migrations.CreateModel(
            name="FormerKey",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "kind",
                        "key",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("kind", models.CharField(max_length=2)),
                ("key", models.BigIntegerField()),
                ("name", models.CharField(max_length=35)),
                ("user_id", models.BigIntegerField()),
            ],
            options={
                "db_table": "reports_former_key",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("user_id", "kind", "name"), name="former_key_once"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="RawFrom",
            fields=[
                ("grid_id", models.BigIntegerField(primary_key=True, serialize=False)),
                ("day", models.DateField()),
            ],
            options={"db_table": "reports_raw_from"},
        ),
    ]
