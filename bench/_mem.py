import os,sys,io
os.environ.setdefault("DJANGO_SETTINGS_MODULE","gridlink.settings")
import django; django.setup()
from django.db import connection
from bench.servers import database
from bench.load import Size, load
from gridlink.accounts.models import User
from reports.report_services import report_create
from reports.runs.question import Asked
from reports.runs import runner
from reports.runs.store import packed
from reports.renderers.registry import RENDERERS
from reports.renderers.base import About
from django.utils import timezone
def rss():
    d=dict(l.split(":",1) for l in open("/proc/self/status") if ":" in l)
    return d["VmRSS"].strip(), d["VmHWM"].strip()
with database("mem"):
    load(Size(users=1,grids=20,links=5000))
    with connection.cursor() as c:
        c.execute("""INSERT INTO grids_link_check (link_id, url_key, verdict, status, final_url, moved_to, milliseconds, detail, checked_on)
SELECT id, url_key, 'ok', 200, url, '', 1, '', now() FROM grids_link"""); c.execute("ANALYZE")
    user=User.objects.get(pk=1)
    r=report_create(user=user,title="x",kind="link_health",params={"limit":100000},scope={},range={"preset":"last_month"},time_zone="UTC",week_start="monday",formats=["xlsx"],paper="a4")
    asked=Asked.of(r,locale="en",now=timezone.now())
    print("start",rss())
    basis,result=runner.answer(asked,user_id=1)
    print("answered",rss())
    class S(io.RawIOBase):
        def writable(self): return True
        def write(self,b): return len(b)
    f=io.BufferedWriter(S(),1<<20)
    RENDERERS["xlsx"]().write(result,About(timezone.now(),"jb"),f)
    print("xlsx",rss())
    b=packed(result); print("packed",len(b),rss())
