"""Test groups on disk, and what is read after damage."""

from __future__ import annotations

import errno
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grids.public.spool import SUFFIX, Spool, SpoolBusy, abandoned, pending

Fields = dict[bytes, Any]
EVERYTHING = (1_000, 1_000_000_000)


def fields(number: int, size: int = 10, producer: str = "one") -> Fields:
    return {b"p": producer, b"n": number, b"c": 2, b"d": b"\x00" * size}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "spool" / f"one{SUFFIX}"


@contextmanager
def spool(path: Path) -> Iterator[Spool]:
    opened = Spool(path)
    try:
        yield opened
    finally:
        opened.close()


def fill(path: Path, *groups: Fields) -> bytes:
    with spool(path) as filled:
        for group in groups:
            filled.append(group)
    return path.read_bytes()


def kept(path: Path) -> list[int]:
    with spool(path) as opened:
        return [group[b"n"] for group in opened.next(*EVERYTHING)[0]]


def test_groups_come_back_in_order_and_go_when_they_are_sent(path: Path) -> None:
    with spool(path) as opened:
        for number in range(5):
            opened.append(fields(number))
        first, end = opened.next(3, 1_000_000)
        assert [group[b"n"] for group in first] == [0, 1, 2]
        # Until it is said that they were sent, they are the next.
        assert opened.next(3, 1_000_000) == (first, end)
        opened.sent(end)
        opened.append(fields(5))
        rest, end = opened.next(*EVERYTHING)
        assert rest == [fields(3), fields(4), fields(5)]
        opened.sent(end)
        assert opened.is_sent
        opened.forget()
        assert path.stat().st_size == 0
        opened.append(fields(6))
        assert opened.next(*EVERYTHING)[0] == [fields(6)]
    assert kept(path) == [6]


def test_at_most_so_many_bytes_come_at_once_but_always_one_group(path: Path) -> None:
    with spool(path) as opened:
        for number in range(4):
            opened.append(fields(number, size=1000))
        assert [group[b"n"] for group in opened.next(100, 2500)[0]] == [0, 1]
        assert [group[b"n"] for group in opened.next(100, 1)[0]] == [0]


def test_an_empty_file_does_not_stay(path: Path) -> None:
    with spool(path):
        assert path.exists()
        assert path.stat().st_mode & 0o777 == 0o600
        assert path.parent.stat().st_mode & 0o777 == 0o700
    assert not path.exists()


def test_a_file_that_is_cut_anywhere_keeps_what_is_whole(path: Path) -> None:
    whole = fill(path, fields(1), fields(2), fields(3))
    size = len(whole) // 3
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        assert kept(path) == [1, 2, 3][: length // size], length
    # And what is written afterwards is found.
    path.write_bytes(whole[:-1])
    fill(path, fields(4))
    assert kept(path) == [1, 2, 4]


@pytest.mark.parametrize("tail", [b"\x00", b"\x00" * 8, b"\x00" * 4096, b"\xff" * 4096])
def test_what_a_crash_leaves_at_the_end_is_no_group(path: Path, tail: bytes) -> None:
    whole = fill(path, fields(1), fields(2))
    path.write_bytes(whole + tail)
    assert pending(path.parent) == {"one": (2, 4)}
    assert kept(path) == [1, 2]
    assert path.read_bytes() == whole


def test_a_damaged_group_is_none(path: Path) -> None:
    whole = fill(path, fields(1), fields(2))
    start = len(whole) // 2
    for place in range(start, len(whole)):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        assert kept(path) == [1], place


def test_damage_under_a_running_process_is_told(path: Path) -> None:
    with spool(path) as opened:
        opened.append(fields(1))
        path.write_bytes(b"\x00" * path.stat().st_size)
        with pytest.raises(OSError, match=r"one\.spool is damaged at byte 0"):
            opened.next(*EVERYTHING)


def test_a_file_has_one_owner(path: Path) -> None:
    with spool(path) as opened:
        opened.append(fields(1))
        with pytest.raises(SpoolBusy):
            Spool(path)
        assert list(abandoned(path.parent, path.with_name("other"))) == []
        # Another process sees that, too; and the lock goes with its owner.
        script = "import sys; from pathlib import Path; from grids.public.spool import Spool;"
        run = [sys.executable, "-c", f"{script} Spool(Path(sys.argv[1]))", str(path)]
        assert b"SpoolBusy" in subprocess.run(run, capture_output=True, check=False).stderr
    assert subprocess.run(run, capture_output=True, check=False).returncode == 0


def test_abandoned_files_are_taken_over_the_oldest_first(path: Path) -> None:
    own = path.with_name(f"own{SUFFIX}")
    names = [f"{name}{SUFFIX}" for name in "cab"]
    for age, name in enumerate(names):
        fill(path.with_name(name), fields(age))
        os.utime(path.with_name(name), (1000 + age, 1000 + age))
    with spool(own) as mine, spool(path.with_name(f"live{SUFFIX}")) as live:
        mine.append(fields(7))
        live.append(fields(8))
        found = list(abandoned(path.parent, own))
        assert [one.path.name for one in found] == names
        for one in found:
            one.close()


def test_what_another_process_has_just_made_is_left_alone(path: Path) -> None:
    path.parent.mkdir()
    path.touch()
    assert list(abandoned(path.parent, path.with_name("own"))) == []
    os.utime(path, (1000, 1000))
    (found,) = abandoned(path.parent, path.with_name("own"))
    found.close()
    assert not path.exists()


def test_a_file_that_goes_while_it_is_looked_at(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(path, fields(1))
    gone = path.with_name(f"gone{SUFFIX}")
    monkeypatch.setattr(Path, "glob", lambda *_: iter([gone, path]))
    (found,) = abandoned(path.parent, path.with_name("own"))
    found.close()
    assert pending(path.parent) == {"one": (1, 2)}


def test_pending_counts_without_harm(path: Path) -> None:
    assert pending(path.parent) == {}
    with spool(path) as opened:
        opened.append(fields(1))
        opened.append(fields(2))
        fill(path.with_name(f"two{SUFFIX}"), fields(1, producer="two"))
        before = path.read_bytes()
        assert pending(path.parent) == {"one": (2, 4), "two": (1, 2)}
        assert path.read_bytes() == before
        opened.append(fields(3))
    assert kept(path) == [1, 2, 3]


def assert_refuses_whole(opened: Spool, refused: Fields, number: int) -> None:
    """The group is refused, nothing of it stays, and the next one is kept."""
    before = opened.path.read_bytes()
    with pytest.raises(OSError) as caught:  # noqa: PT011  (the number says which)
        opened.append(refused)
    assert caught.value.errno == number
    assert opened.path.read_bytes() == before


def test_a_file_that_may_not_grow(path: Path) -> None:
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    with spool(path) as opened:
        opened.append(fields(1))
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, limits[1]))
        try:
            assert_refuses_whole(opened, fields(2, size=10_000), errno.EFBIG)
            opened.append(fields(3))
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert kept(path) == [1, 3]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount")
def test_a_full_disk(path: Path) -> None:
    path.parent.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "none", str(path.parent)]
    if subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("mounts are not allowed here")
    try:
        with spool(path) as opened:
            opened.append(fields(1))
            assert_refuses_whole(opened, fields(2, size=100_000), errno.ENOSPC)
            opened.append(fields(3))
        assert kept(path) == [1, 3]
    finally:
        subprocess.run(["umount", str(path.parent)], check=True)


class Disk:
    """Writes as many bytes at a time as it is told, then fails."""

    def __init__(self, *pieces: int) -> None:
        self._pieces = list(pieces)
        self._pwrite = os.pwrite

    def pwrite(self, file: int, data: memoryview, offset: int) -> int:
        if not self._pieces:
            raise OSError(errno.ENOSPC, "No space left on device")
        return self._pwrite(file, data[: self._pieces.pop(0)], offset)


def test_a_group_written_in_pieces_is_whole(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with spool(path) as opened:
        with monkeypatch.context() as patch:
            patch.setattr(os, "pwrite", Disk(1, 7, 3, 1000).pwrite)
            opened.append(fields(1))
        opened.append(fields(2))
    assert kept(path) == [1, 2]


@pytest.mark.parametrize("pieces", [(), (1,), (8,), (8, 5)])
def test_of_a_group_that_fails_halfway_nothing_stays(
    path: Path, monkeypatch: pytest.MonkeyPatch, pieces: tuple[int, ...]
) -> None:
    with spool(path) as opened:
        opened.append(fields(1))
        with monkeypatch.context() as patch:
            patch.setattr(os, "pwrite", Disk(*pieces).pwrite)
            assert_refuses_whole(opened, fields(2), errno.ENOSPC)
        opened.append(fields(3))
    assert kept(path) == [1, 3]


def test_a_group_is_on_the_disk_before_it_counts_as_kept(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Written to the kernel is not enough: a power cut would take it."""
    synced: list[int] = []
    with spool(path) as opened:
        monkeypatch.setattr(os, "fdatasync", lambda file: synced.append(os.fstat(file).st_size))
        sizes = []
        for number in range(3):
            opened.append(fields(number))
            sizes.append(path.stat().st_size)
            assert synced == sizes
            assert not opened.is_sent


def test_a_spool_is_empty_on_the_disk_before_it_counts_as_forgotten(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a power cut, what was sent is not to come back with the numbers of what came later."""
    synced: list[int] = []
    with spool(path) as opened:
        opened.append(fields(1))
        monkeypatch.setattr(os, "fdatasync", lambda file: synced.append(os.fstat(file).st_size))
        opened.forget()
        assert synced == [0]
        assert opened.is_sent


def test_what_could_not_even_be_cut_off_is_written_over(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> None:
        raise OSError(errno.EIO, "Input/output error")

    with spool(path) as opened:
        opened.append(fields(1))
        with monkeypatch.context() as patch:
            patch.setattr(os, "fdatasync", broken)
            patch.setattr(os, "ftruncate", broken)
            with pytest.raises(OSError, match="Input/output"):
                opened.append(fields(2, size=500))
        opened.append(fields(3))
    assert kept(path) == [1, 3]


_steps = st.lists(
    st.one_of(
        st.tuples(st.just("append"), st.integers(0, 300)),
        st.tuples(st.just("send"), st.integers(1, 5)),
        st.tuples(st.just("reopen"), st.just(0)),
    ),
    max_size=25,
)


@given(_steps)
@settings(deadline=None, max_examples=60)
def test_whatever_happens_no_group_is_lost_or_out_of_order(steps: list[tuple[str, int]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        opened = Spool(Path(folder) / f"one{SUFFIX}")
        expected: list[int] = []
        sent = number = 0
        for step, value in steps:
            if step == "append":
                number += 1
                opened.append(fields(number, size=value))
                expected.append(number)
            elif step == "send":
                groups, end = opened.next(value, 1_000_000)
                assert [group[b"n"] for group in groups] == expected[sent : sent + value]
                opened.sent(end)
                sent += len(groups)
                if opened.is_sent:
                    opened.forget()
                    expected, sent = [], 0
            else:
                opened.close()
                opened = Spool(opened.path)
                # It does not know what was sent, and sends it again.
                sent = 0
        rest = [group[b"n"] for group in opened.next(*EVERYTHING)[0]]
        assert rest == expected[sent:]
        opened.close()
