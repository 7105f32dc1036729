"""The boxed file server: each line of its input is a request, each line of its output an answer, both JSON objects.

Started in the box as `python -I -S -c ENTRY FOLDER WORKSPACE [--rg=PATH] [--readable=PATH]...`. Paths are relative to
the workspace or absolute. A link may lead anywhere: there is nothing else in the box to reach; writing is refused
outside the workspace, and `real` in the answers says which file it really was.

Each node starts one, so what only some of them need is imported when it is needed.
"""

from __future__ import annotations

import json
import re
import sys

from .editing import edit, write
from .reading import read, stat
from .texts import Answer, Options, Refused


def search(options: Options, request: Answer) -> Answer:
    from .searching import search as look

    return look(options, request)


OPERATIONS = {"stat": stat, "read": read, "search": search, "edit": edit, "write": write}
_SURROGATES = re.compile(r"[\ud800-\udfff]")
"""Of names that are no UTF-8: no JSON for others can hold them."""


def answer(options: Options, line: str) -> Answer:
    try:
        request = json.loads(line)
        return {"ok": True, **OPERATIONS[request["op"]](options, request)}
    except Refused as refusal:
        return {"ok": False, "error": str(refusal)}
    except OSError as error:
        return {"ok": False, "error": f"{error.strerror}: {error.filename or ''}".rstrip(": ")[:1000]}
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError) as error:
        return {"ok": False, "error": f"not a valid request: {type(error).__name__}: {error}"[:1000]}


def main() -> None:
    options = Options(sys.argv[1:])
    for line in sys.stdin:
        told = _SURROGATES.sub("\N{REPLACEMENT CHARACTER}", json.dumps(answer(options, line), ensure_ascii=False))
        sys.stdout.buffer.write(told.encode() + b"\n")
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
