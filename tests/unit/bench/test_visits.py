"""Rounds, ratios and loads of the scenarios: what is computed from what was measured."""

from __future__ import annotations

import json
from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest
from bench import mixed, peers, sink, soak, visits, wrk
from bench.field import Way
from bench.soak import Sample
from bench.visits import Visit

A, B, NGINX = Way("a", "", {}), Way("b", "", {}), Way("nginx", "", {})


def visited(per_second: float, cpu: float = 10.0, errors: int = 0) -> Visit:
    load = wrk.Load(int(per_second), 1.0, 1.0, 2.0, 3.0, errors)
    memory = {"entry": (1.0, 2.0), "exit": (3.0, 4.0)}
    return Visit(load, {"entry": cpu, "exit": 3 * cpu}, {"entry": 0.0, "exit": 0.0}, memory)


def test_every_round_visits_every_way_and_begins_with_another() -> None:
    seen: list[tuple[str, int]] = []

    def of(way: Way, load: int) -> Visit:
        seen.append((way.name, load))
        return visited(1)

    found = visits.in_turn((A, B, NGINX), {128: 2, 32: 1}, of)
    assert [name for name, _ in seen] == ["a", "b", "nginx", "a", "b", "nginx", "b", "nginx", "a"]
    assert {key: len(rounds) for key, rounds in found.items()} == {
        (name, load): rounds for name in ("a", "b", "nginx") for load, rounds in ((128, 2), (32, 1))
    }


def test_a_ratio_is_taken_inside_its_round() -> None:
    found = {("a", 128): [visited(50), visited(300), visited(90)], ("nginx", 128): [visited(100)] * 3}
    assert visits.ratios(found, "a", 128) == [0.5, 3.0, 0.9]
    told = visits.figures(found)["a 128"]
    assert (told["ratio_to_nginx"], told["ratio_by_round"]) == (0.9, [0.5, 3.0, 0.9])
    assert told["cpu_us_per_message"] == {"entry": 10.0, "exit": 30.0}
    assert found["a", 128][0].cpu_per_hop == 20


def test_a_figure_without_nginx_has_no_ratio_to_it() -> None:
    assert "ratio_to_nginx" not in visits.figures({("a", 64): [visited(1)]})["a 64"]


def test_errors_of_all_visits_are_summed() -> None:
    assert visits.errors({("a", 1): [visited(1, errors=2)], ("b", 1): [visited(1, errors=3), visited(1)]}) == 5


@pytest.mark.parametrize(("rounds", "expected"), [(9, {1: 5, 128: 9}), (2, {1: 2, 128: 2})])
def test_all_rounds_are_for_128_in_flight(rounds: int, expected: dict[int, int]) -> None:
    assert visits.by_load(rounds, (1, 128)) == expected


def test_a_thousand_bodies_have_each_size_in_its_share() -> None:
    deck = mixed.deck()
    sizes = list(mixed.SHARES)
    assert Counter(sizes[number] for number in deck) == mixed.SHARES
    assert sum(mixed.SHARES.values()) == 1000
    assert deck == mixed.deck()
    assert any(one > other for one, other in pairwise(deck))


def test_a_deck_becomes_lua(tmp_path: Path) -> None:
    cards = [wrk.Card("/a", 2000), wrk.Card("/b", 10)]
    text = wrk.write_deck(tmp_path / "deck.lua", cards, [1, 0, 1], {"X-Road-Client": "c"}).read_text(encoding="utf-8")
    assert 'local paths = { "/a", "/b" }' in text
    assert "local sizes = { 2000, 10 }" in text
    assert "local deck = { 2, 1, 2 }" in text
    assert 'wrk.headers["X-Road-Client"] = "c"' in text
    assert "function done" in text


def test_the_peers_are_ten_with_a_path_each() -> None:
    assert len(set(peers.paths())) == peers.PEERS == 10


def samples(*mb: float) -> list[Sample]:
    return [Sample(float(at), {"consumer": one}) for at, one in enumerate(mb)]


def test_the_slope_is_that_of_the_second_half() -> None:
    assert soak.slope(samples(10, 50, 100, 100, 100, 100), "consumer") == 0
    assert soak.slope(samples(0, 90, 10, 11, 12, 13, 14), "consumer") == pytest.approx(60)
    assert soak.slope(samples(10), "consumer") == 0


def test_samples_are_thinned_to_the_highest() -> None:
    told = soak.thinned(samples(*range(1000)))
    assert len(told["at_s"]) <= soak.POINTS_MOST
    assert (told["at_s"][-1], told["consumer"][-1]) == (999.0, 999)
    json.dumps(told)


def test_the_soak_ends_before_the_disk_is_full() -> None:
    free = iter([10e9, 10e9, 3e9])
    asked: list[float] = []

    def run(seconds: float) -> wrk.Load:
        asked.append(seconds)
        return wrk.Load(1, seconds, 1, 1, 1, 0)

    loads, problem = soak.loads_of(70, run, lambda: int(next(free)))
    assert (len(loads), asked) == (2, [20, 20])
    assert problem is not None
    assert soak.loads_of(50, run, lambda: 10**10)[1] is None
    assert asked[2:] == [20, 20, 10]


@pytest.mark.parametrize(("taken", "size"), [(1021, 1021), (10**9, 0), (0, 11), (5, 3)])
def test_the_service_that_reads_answers_with_json_of_the_size(taken: int, size: int) -> None:
    answer = sink.answer(taken, size)
    assert json.loads(answer) == {"bytes": taken}
    assert len(answer) == max(size, len(f'{{"bytes":{taken}}}'))
