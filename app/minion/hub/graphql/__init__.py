"""The part of GitHub's GraphQL API that has no REST counterpart: draft and ready, and review threads.

Whatever is not in `schema.py` is an error in the answer and is recorded as an unknown request."""
