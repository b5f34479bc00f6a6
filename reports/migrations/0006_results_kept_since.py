import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("reports", "0005_reports"),
    ]

    operations = [
        migrations.AddField(
            model_name="reportrun",
            name="kept_since",
            field=models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
        ),
        migrations.AddIndex(
            model_name="reportrun",
            index=models.Index(
                models.F("kept_since"),
                condition=models.Q(("result__isnull", False)),
                name="report_run_kept",
            ),
        ),
    ]
