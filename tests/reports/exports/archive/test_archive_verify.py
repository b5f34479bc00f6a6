"""`verify_export` holds a file against its manifest, without a database."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import zstandard
from django.core.management import CommandError, call_command

from grids.models import Grid
from tests.support.accounts import furnish
from tests.support.client import Client
from tests.support.processes import ROOT
from tests.support.reports.archives import archived, output, saved, unzipped, zipped
from tests.support.reports.exports import data_file, file_bytes, link_on, run_export

pytestmark = pytest.mark.django_db(transaction=True)


def output_of(*paths: Path) -> str:
    out = StringIO()
    call_command("verify_export", *map(str, paths), stdout=out)
    return out.getvalue()


def faults(*paths: Path) -> list[str]:
    out = StringIO()
    with pytest.raises(CommandError) as caught:
        call_command("verify_export", *map(str, paths), stdout=out)
    assert caught.value.returncode == 1
    return [*out.getvalue().splitlines(), str(caught.value)]


def manifest(folder: Path, **changes: Any) -> Path:
    """A manifest of one file, a.csv."""
    note = {"name": "a.csv", "rows": 2, "size": 1, "sha256": "0", **changes.pop("file", {})}
    about = {"format": "csv", "compression": "none", "files": [note], **changes}
    return saved(folder, "manifest.json", json.dumps(about).encode())


@pytest.mark.parametrize("compression", ["none", "gzip", "zstd"])
@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_an_export(owner: Client, grid: Grid, tmp_path: Path, form: str, compression: str) -> None:
    for number in range(3):
        link_on(grid, number, note='two\nlines, "quoted"\r\n', title=f"a;b\\{number}")
    job = run_export(owner, form, compression)
    data, about = file_bytes(job), output(job, "manifest.json")
    name = data_file(job).name
    file, manifest_path = saved(tmp_path, name, data), saved(tmp_path, "manifest.json", about)
    said = f"{name}: size, SHA-256 and rows are as {manifest_path} says\n"
    assert output_of(file) == output_of(file, manifest_path) == said
    saved(tmp_path, name, data[:-1])
    size, digest, *_, last = faults(file)
    assert size == f"{name}: {len(data) - 1} bytes, not {len(data)}"
    assert digest.startswith(f"{name}: SHA-256 ")
    assert last == f"{name} is not as {manifest_path} says"
    more = json.loads(about)
    (note,) = (note for note in more["files"] if note["name"] == name)
    note["rows"] = 4
    saved(tmp_path, name, data)
    saved(tmp_path, "manifest.json", json.dumps(more).encode())
    assert faults(file) == [f"{name}: 3 rows, not 4", f"{name} is not as {manifest_path} says"]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("bom", ["", "\ufeff"])
def test_rows_of_csv(tmp_path: Path, delimiter: str, bom: str) -> None:
    text = f'{bom}a{delimiter}b_2\n1{delimiter}"x\ny"\n2{delimiter}z,|;\n'
    file = saved(tmp_path, "a.csv", text.encode())
    manifest(tmp_path, file={"rows": 3})
    assert "a.csv: 2 rows, not 3" in faults(file)


@pytest.mark.parametrize(
    ("compression", "pack"),
    [("gzip", gzip.compress), ("zstd", zstandard.ZstdCompressor(write_checksum=True).compress)],
)
def test_rows_of_many_members(tmp_path: Path, compression: str, pack: Any) -> None:
    data = pack(b"a,b\n") + pack(b'1,"x\n') + pack(b'y"\n') + pack(b"2,z\n")
    file = saved(tmp_path, "a.csv", data)
    manifest(tmp_path, compression=compression, file={"rows": 5})
    assert "a.csv: 2 rows, not 5" in faults(file)


def test_a_member_that_is_cut_off(tmp_path: Path) -> None:
    file = saved(tmp_path, "a.csv", gzip.compress(b"a,b\n1,2\n")[:-3])
    manifest(tmp_path, compression="gzip")
    assert [line for line in faults(file) if line.startswith("a.csv: cannot be read: ")]


@pytest.mark.parametrize("line", [b"{}", b"[]\n", b"{\n", b"\xff\n"])
def test_a_line_that_is_no_row(tmp_path: Path, line: bytes) -> None:
    file = saved(tmp_path, "a.csv", b"{}\n" + line)
    manifest(tmp_path, format="jsonl")
    assert [found for found in faults(file) if found.startswith("a.csv: cannot be read: ")]


def test_a_format_whose_rows_are_not_counted(owner: Client, grid: Grid, tmp_path: Path) -> None:
    job = run_export(owner, "netscape")
    file = saved(tmp_path, data_file(job).name, file_bytes(job))
    manifest_path = saved(tmp_path, "m.json", output(job, "manifest.json"))
    assert (
        output_of(file, manifest_path)
        == f"{file.name}: size and SHA-256 are as {manifest_path} says\n"
    )


def test_an_archive(owner: Client, tmp_path: Path) -> None:
    furnish(owner)
    data = archived(owner)
    file = saved(tmp_path, "account.zip", data)
    rows = sum(content.count(b"\n") for name, content in unzipped(data).items() if "jsonl" in name)
    assert output_of(file) == f"account.zip: its files are as its own manifest says, {rows} rows\n"
    files = unzipped(data)
    files["links.jsonl"] = files["links.jsonl"].replace(b"=1+1", b"=1+2")
    file.write_bytes(zipped(files))
    (line,) = faults(file)
    assert line.startswith("links.jsonl is not as the manifest says: sha256 ")
    file.write_bytes(data[:-9])
    assert faults(file) == [f"There is no manifest.json beside {file}; name one."]


def test_an_archive_with_the_manifest_beside_it(owner: Client, tmp_path: Path) -> None:
    from tests.support.platform import execute, user_of
    from tests.support.reports.archives import archive_submit

    furnish(owner)
    job = execute(archive_submit(user=user_of(owner)).job)
    file = saved(tmp_path, "account.zip", output(job, "account.zip"))
    manifest_path = saved(tmp_path, "manifest.json", output(job, "manifest.json"))
    assert output_of(file) == f"account.zip: size, SHA-256 and rows are as {manifest_path} says\n"
    file.write_bytes(file.read_bytes()[:-5])
    assert "account.zip: The file is no whole ZIP: it does not end like one." in faults(file)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"{", "no manifest: "),
        (b"[]", "no manifest of an export"),
        (b'{"files": 3}', "no manifest of an export"),
        (b'{"files": []}', "The manifest does not say what a.csv should be."),
        (b'{"files": [{"name": "a.csv"}]}', "The manifest does not say what a.csv should be."),
    ],
)
def test_a_manifest_that_is_none(tmp_path: Path, text: bytes, message: str) -> None:
    file = saved(tmp_path, "a.csv", b"a\n")
    saved(tmp_path, "manifest.json", text)
    assert message in faults(file)[-1]


def test_a_file_that_is_missing(tmp_path: Path) -> None:
    manifest(tmp_path)
    assert "No such file" in faults(tmp_path / "a.csv")[-1]
    assert "No such file" in faults(tmp_path / "a.csv", tmp_path / "other.json")[-1]


def test_without_a_database(owner: Client, tmp_path: Path) -> None:
    """As somebody runs it who has the files and nothing else."""
    furnish(owner)
    file = saved(tmp_path, "account.zip", archived(owner))
    environment = os.environ | {
        "DATABASE_URL": "postgres://nobody@127.0.0.1:9/none",
        "REDIS_URL": "redis://127.0.0.1:9",
        "SECRET_KEY": "x" * 50,
    }
    for arguments, said in (
        (["verify_export", str(file)], "own manifest"),
        (["compare_archives", str(file), str(file)], "equal\n"),
    ):
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert (done.returncode, done.stderr) == (0, "")
        assert said in done.stdout
