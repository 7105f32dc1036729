"""Implementations of the ports; named only in `minion.bootstrap`."""
