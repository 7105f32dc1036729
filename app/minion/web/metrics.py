"""Counters for the operator (https://prometheus.io/docs/practices/naming/), one registry per application."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector


class Metrics:
    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.deliveries = Counter(
            "minion_deliveries_total", "Webhook deliveries by answer.", ["answer"], registry=self.registry
        )
        self.ack = Histogram(
            "minion_webhook_ack_seconds",
            "Time until a delivery was stored and acknowledged.",
            registry=self.registry,
            buckets=(0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 1, 5, 10),
        )
        self.claims = Counter("minion_claims_total", "Claims by answer.", ["answer"], registry=self.registry)
        self.model_calls = Counter(
            "minion_model_calls_total", "Model calls by model and status.", ["model", "status"], registry=self.registry
        )
        self.model_usd = Counter("minion_model_usd_total", "Metered US dollars.", ["model"], registry=self.registry)

    def watch(self, name: str, text: str, label: str, read: Callable[[], Mapping[str, int]]) -> None:
        """A gauge that is read from `read` (label value to number) whenever somebody looks."""
        self.registry.register(_Gauge(name, text, label, read))

    def text(self) -> bytes:
        return generate_latest(self.registry)


class _Gauge(Collector):
    def __init__(self, name: str, text: str, label: str, read: Callable[[], Mapping[str, int]]) -> None:
        self._family = (name, text, label)
        self._read = read

    def collect(self) -> Iterable[GaugeMetricFamily]:
        name, text, label = self._family
        gauge = GaugeMetricFamily(name, text, labels=[label])
        for value, number in self._read().items():
            gauge.add_metric([value], number)
        yield gauge

    def describe(self) -> Iterable[GaugeMetricFamily]:
        """Known without reading the database."""
        name, text, label = self._family
        return [GaugeMetricFamily(name, text, labels=[label])]
