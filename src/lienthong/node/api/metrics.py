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
        tally = self._tally
        exchanges = CounterMetricFamily(
            "lienthong_exchanges", "Exchanges that ended, by side and outcome code", labels=["side", "outcome"]
        )
        for (side, code), count in sorted(tally.outcomes.items()):
            exchanges.add_metric([side, code or "answered"], count)
        yield exchanges
        took = HistogramMetricFamily(
            "lienthong_exchange_seconds", "Time from request to end, by side", labels=["side"]
        )
        for side, counts in tally.latency_counts.items():
            took.add_metric([side], _buckets(counts), tally.latency_sum_ms[side] / 1000)
        yield took
        in_flight = GaugeMetricFamily("lienthong_exchanges_in_flight", "Exchanges under way", labels=["side"])
        for side, count in tally.in_flight.items():
            in_flight.add_metric([side], count)
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
