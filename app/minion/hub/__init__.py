"""GitHub in a box: REST, GraphQL, git, webhooks, Actions and OIDC on loopback, with state behind them.

It imports nothing else of minion, so that it can judge the App without sharing its mistakes.

    with Hub(HubOptions(data_dir)) as hub:                      # minion.hub.server
        hub.create_user("ann")                                  # minion.hub.admin: what no REST route offers
        hub.create_org("acme", owners=["ann"])
        hub.create_repository("acme/widgets", folder, "ann")
        app = hub.create_app({"slug": "minion", "owner": "acme", "webhook_url": ..., "webhook_secret": ...,
                              "permissions": {...}, "events": [...]})
        hub.install("minion", "acme", by="ann")
        hub.user("ann").open_issue("acme/widgets", "A bug", labels=["minion"])   # minion.hub.client: a person over REST
        hub.knobs.fail("POST /repos/*/pulls", 502, after=True)  # minion.hub.knobs: faults
        hub.settle()
        assert hub.unknown_requests == [] and hub.crashes == []

Where things are: `state` holds the entities, `changes/` what alters them and tells webhooks and Actions, `rest/` the
routes (start at its docstring), `shapes/` the JSON, `graphql/`, `git_http` and `receive_hook` git, `deliveries` the
webhooks, `auth` who may do what, `pages/` the HTML, `actions/` the workflows, `core` the lock and the clock around all.
"""
