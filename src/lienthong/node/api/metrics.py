"""The metrics page: Prometheus text exposition of the tally and of some gauges."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import generate_latest
from prometheus_client.registry import Collector

from lienthong.node.use_cases.tally import LATENCY_BOUNDS_MS, Gauges, Tally


class _TallyCollector(Collector):
    def __init__(self, tally: Tally, gauges: Gauges) -> None:
        self._tally = tally
        self._gauges = gauges

    def collect(self) -> Iterator[Metric]:
        sides = self._tally.sides()
        exchanges = CounterMetricFamily(
            "lienthong_exchanges", "Exchanges that ended, by side and outcome code", labels=["side", "outcome"]
        )
        for name, side in sides.items():
            exchanges.add_metric([name, "answered"], side.answered)
            for code, count in sorted(side.refused.items()):
                exchanges.add_metric([name, code], count)
        yield exchanges
        took = HistogramMetricFamily(
            "lienthong_exchange_seconds", "Time from request to end, by side", labels=["side"]
        )
        for name, side in sides.items():
            took.add_metric([name], _buckets(side.counts), side.sum_ms / 1000)
        yield took
        in_flight = GaugeMetricFamily("lienthong_exchanges_in_flight", "Exchanges under way", labels=["side"])
        for name, side in sides.items():
            in_flight.add_metric([name], side.in_flight)
        yield in_flight
        for name, value in sorted(self._gauges.items()):
            yield _gauge(f"lienthong_{name}", name.replace("_", " "), value)


def _gauge(name: str, what: str, value: float | Mapping[str, float]) -> Metric:
    if not isinstance(value, Mapping):
        return GaugeMetricFamily(name, what, value)
    of_certificates = GaugeMetricFamily(name, what, labels=["certificate"])
    for certificate, one in value.items():
        of_certificates.add_metric([certificate], one)
    return of_certificates


def _buckets(counts: list[int]) -> list[tuple[str, float]]:
    total, buckets = 0, []
    for bound, count in zip((*(str(bound / 1000) for bound in LATENCY_BOUNDS_MS), "+Inf"), counts, strict=True):
        total += count
        buckets.append((bound, float(total)))
    return buckets


def metrics_page(tally: Tally, gauges: Gauges) -> bytes:
    """The page."""
    registry = CollectorRegistry()
    registry.register(_TallyCollector(tally, gauges))
    return generate_latest(registry)
