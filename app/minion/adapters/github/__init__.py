"""GitHub through githubkit: one file for each resource; `GitHubApp` is the way in.

githubkit gives the generated, validated requests. Time-outs, retries, rate limits, tokens and the reading of answers
are ours, because a decision must not hang on an enum that lags behind GitHub.
"""

from __future__ import annotations

from minion.adapters.github.client import ClientOptions
from minion.adapters.github.gate import GitHubApp

__all__ = ["ClientOptions", "GitHubApp"]
