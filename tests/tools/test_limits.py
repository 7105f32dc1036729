"""One table says every limit; what runs in the box, where the table cannot be imported, has the same numbers."""

from __future__ import annotations

from minion.adapters.sandbox.boxed import editing, reading, searching, texts
from minion.orchestrator.check_history import COMMITS
from minion.tools import limits


def test_the_boxed_server_has_the_tables_numbers() -> None:
    assert texts.MAX_FILE == limits.FILE_BYTES
    assert texts.MAX_LINE == limits.READ_LINE
    assert reading.MAX_IMAGE == limits.IMAGE_BYTES
    assert reading.MAX_PIXELS == limits.IMAGE_PIXELS
    assert reading.MAX_NAMES == limits.FOLDER_NAMES
    assert searching.WITHIN_S == limits.SEARCH_SECONDS
    assert f"--max-columns={limits.SEARCH_LINE}" in searching.rg_flags({"pattern": "x"})
    assert editing.MAX_COMPARED == limits.EDIT_COMPARED


def test_the_table_has_each_limit_once_and_none_is_forgotten() -> None:
    rows = [(limit.tool, limit.what) for limit in limits.LIMITS]
    assert len(set(rows)) == len(rows)
    assert COMMITS in {limit.most for limit in limits.LIMITS if limit.tool == "ci.history"}
    numbers = {value for name, value in vars(limits).items() if name.isupper() and isinstance(value, int)}
    told = {limit.most for limit in limits.LIMITS}
    halves = {limits.SEARCH_HEAD, limits.SEARCH_TAIL, limits.SHELL_HEAD, limits.BESIDE_HEAD, limits.BESIDE_TAIL}
    assert numbers - told - halves - {limits.GIT_HEAD, limits.GIT_TAIL} == set()


def test_base64_of_the_largest_image_is_within_the_apis_five_megabytes() -> None:
    assert -(-limits.IMAGE_BYTES // 3) * 4 <= 5 * 1024 * 1024
