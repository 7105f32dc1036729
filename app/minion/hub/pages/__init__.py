"""The hub for people: plain HTML at the addresses that GitHub uses. Read-only; what is private shows here too, because
the hub is on one's own machine."""
