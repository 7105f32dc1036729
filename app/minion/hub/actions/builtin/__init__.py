"""The actions that come with the hub: one file each, all named here. The ref after `@` does not matter."""

from __future__ import annotations

from collections.abc import Mapping

from minion.hub.actions.builtin.artifact import DOWNLOAD, UPLOAD
from minion.hub.actions.builtin.cache import CACHE, RESTORE, SAVE
from minion.hub.actions.builtin.call import Builtin
from minion.hub.actions.builtin.checkout import CHECKOUT
from minion.hub.actions.builtin.setup_node import SETUP_NODE
from minion.hub.actions.builtin.setup_python import SETUP_PYTHON

BUILTINS: Mapping[str, Builtin] = {
    "actions/cache": CACHE,
    "actions/cache/restore": RESTORE,
    "actions/cache/save": SAVE,
    "actions/checkout": CHECKOUT,
    "actions/download-artifact": DOWNLOAD,
    "actions/setup-node": SETUP_NODE,
    "actions/setup-python": SETUP_PYTHON,
    "actions/upload-artifact": UPLOAD,
}
