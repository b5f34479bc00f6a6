"""Test the queue by host: few items at once, with gaps between their starts."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from grids.checks.host_queue import HostQueue


class Clock:
    """Advance only when told to."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


def make_queue(**options: float) -> tuple[HostQueue[str], Clock]:
    clock = Clock()
    return HostQueue(per_host=2, gap=0.5, clock=clock), clock


def taken(queue: HostQueue[str]) -> list[str]:
    """All whose turn it is."""
    items = []
    while turn := queue.pop():
        items.append(turn[1])
    return items


def test_every_host_is_begun_at_once() -> None:
    queue, _ = make_queue()
    for number in range(50):
        queue.add(f"host-{number}", f"item {number}")
    assert taken(queue) == [f"item {number}" for number in range(50)]
    assert len(queue) == 0
    assert queue.seconds_until_next() == float("inf")


def test_a_host_starts_one_every_half_second_and_two_at_once() -> None:
    queue, clock = make_queue()
    for item in "abcd":
        queue.add("host", item)
    assert taken(queue) == ["a"]
    assert queue.seconds_until_next() == 0.5
    clock.now += 0.49
    assert taken(queue) == []
    clock.now += 0.01
    assert taken(queue) == ["b"]
    clock.now += 10
    assert taken(queue) == []
    assert queue.seconds_until_next() == float("inf")
    queue.release("host")
    assert taken(queue) == ["c"]
    queue.release("host")
    assert queue.seconds_until_next() == 0.5
    clock.now += 0.5
    assert taken(queue) == ["d"]


def test_an_item_waits_for_its_time_and_lets_others_pass() -> None:
    queue, clock = make_queue()
    queue.add("host", "late", after=5)
    queue.add("host", "now")
    assert taken(queue) == ["now"]
    clock.now += 4.9
    assert taken(queue) == []
    clock.now += 0.2
    assert taken(queue) == ["late"]


def test_a_host_rests() -> None:
    queue, clock = make_queue()
    queue.add("host", "a")
    queue.add("other", "b")
    queue.pause("host", 30)
    assert taken(queue) == ["b"]
    clock.now += 29.9
    assert taken(queue) == []
    clock.now += 0.2
    assert taken(queue) == ["a"]


def test_many_items_of_one_host_cost_one_entry_each_time() -> None:
    queue, clock = make_queue()
    for number in range(1000):
        queue.add("host", str(number))
    for number in range(100):
        assert taken(queue) == [str(number)]
        queue.release("host")
        clock.now += 0.5
        assert len(queue._due) <= 3


steps = st.lists(
    st.tuples(st.sampled_from("abc"), st.floats(0, 2), st.floats(0, 1)), min_size=1, max_size=40
)


@given(steps)
def test_everything_has_its_turn_and_no_host_is_hurried(
    plan: list[tuple[str, float, float]],
) -> None:
    queue, clock = make_queue()
    starts: dict[str, list[float]] = {}
    out: list[str] = []
    for number, (host, after, pause) in enumerate(plan):
        queue.add(host, f"{host}{number}", after=after)
        clock.now += pause
        _let_go(queue, clock, starts, out)
    while queue:
        clock.now += 0.25
        for host in out:
            queue.release(host)
        out.clear()
        _let_go(queue, clock, starts, out)
    assert sum(map(len, starts.values())) == len(plan)
    for times in starts.values():
        assert all(b - a >= 0.5 for a, b in pairwise(times))


def _let_go(
    queue: HostQueue[str], clock: Clock, starts: dict[str, list[float]], out: list[str]
) -> None:
    while turn := queue.pop():
        starts.setdefault(turn[0], []).append(clock.now)
        out.append(turn[0])
        assert out.count(turn[0]) <= 2
