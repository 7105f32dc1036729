"""The REST API: one module per resource, each with a tuple `ROUTES`, all joined in `registry.py`.

How to add a resource:

    # hub/rest/labels.py
    def list_labels(call: Call) -> Answer:
        labels = list(call.repository.labels.values())
        return call.page(labels, lambda label: label_json(call.core, call.repository, label))

    ROUTES = (
        route("GET /repos/{owner}/{repo}/labels", list_labels, needs("issues:read"), PAGED),
        route("POST /repos/{owner}/{repo}/labels", create_label, needs("issues:write"), Accepts(body="name! color")),
    )

- Paths are below `/api/v3`. `{x}` is one segment, `{x:path}` may hold slashes; `call.params["x"]` is decoded,
  `call.number("x")` is an int or a 404. Of several matching routes the one with most literal segments wins.
- Access is data, checked before the handler runs: `Anyone()`, `SignedIn()`, `AsApp()` (JWT), `AsInstallation()`, or
  `needs("actions:write")` for routes on {owner}/{repo}: an App's or a job's token needs one of the permissions
  (else 403
  with X-Accepted-GitHub-Permissions), a person the role of the same name (`role="triage"` to say otherwise); who
  cannot
  see the repository gets 404. `metadata:read` suits everybody who can see it.
- Strictness is data: `Accepts(query, body)` names each query parameter and top-level body field. Body fields are
  `name:kind` with kind str (default), int, bool, list, dict or any; `!` marks required, `?` nullable. Wrong types and
  missing fields are 422; names not listed are 501 and recorded in `hub.unknown_requests`. Inside nested values the
  handler checks. `any_body=True` hands over the JSON as `call.body["_"]` when it is no object.
- A handler runs under the hub's lock (`call.core.lock`, re-entrant): it must not wait. It returns
  (The routes of rest/actions.py are the exception: the registry mounts them without the lock, and the Actions
  service is
  called on a thread of its own that does not hold it, so its own lock may be held while it calls the Host.) It
  returns
  `Answer(status, body, headers)`; it refuses by raising `minion.hub.errors.Refusal` (`not_found()`, `invalid(...)`,
  ...).
- `call.core` is `minion.hub.core.Core`: `state`, `api_url`, `base_url`, `actions` (the ActionsService; cast it in
  rest/actions.py), `emit(repository, event, payload)`. `call.repository` is the Repository, `call.account` who acts.
- `rest/actions.py` also exports `downloads(service) -> Sequence[starlette.routing.BaseRoute]` for signed links that
  need no
  token, and `hub/oidc.py` exports `routes(service) -> Sequence[starlette.routing.BaseRoute]`; the server mounts
  both at
  the root, before everything else.
- Answers must parse with githubkit's typed models of version 2026-03-10.
"""
