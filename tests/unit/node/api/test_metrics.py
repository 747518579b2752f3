"""The metrics page is what Prometheus reads, and says the numbers of the tally."""

from __future__ import annotations

from prometheus_client.parser import text_string_to_metric_families

from lienthong.node.api.metrics import metrics_page
from lienthong.node.use_cases.tally import Tally


def test_the_page() -> None:
    tally = Tally()
    for took_ms in (1, 4, 40_000):
        tally.consumer.began()
        tally.consumer.ended("", took_ms)
    tally.provider.began()
    tally.provider.ended("AccessDenied", 3)
    tally.provider.began()
    left = {"channel": 86_400.5, "signing VN/GOV/G01": -3.0}
    page = metrics_page(tally, {"connections": 7.0, "certificate_expires_in_seconds": left}).decode()
    samples = {
        (sample.name, *sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(page)
        for sample in family.samples
    }
    exchanges = "lienthong_exchanges_total"
    assert samples[(exchanges, ("outcome", "answered"), ("side", "consumer"))] == 3
    assert samples[(exchanges, ("outcome", "AccessDenied"), ("side", "provider"))] == 1
    assert samples[("lienthong_exchange_seconds_bucket", ("le", "+Inf"), ("side", "consumer"))] == 3
    assert samples[("lienthong_exchange_seconds_bucket", ("le", "0.005"), ("side", "consumer"))] == 2
    assert samples[("lienthong_exchanges_in_flight", ("side", "provider"))] == 1
    assert samples[("lienthong_connections",)] == 7
    for name, seconds in left.items():
        assert samples[("lienthong_certificate_expires_in_seconds", ("certificate", name))] == seconds
