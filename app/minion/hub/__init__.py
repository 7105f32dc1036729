"""GitHub in a box: REST, GraphQL, git, webhooks, Actions and OIDC on loopback, with state behind them.

It imports nothing else of minion, so that it can judge the App without sharing its mistakes.
"""
