"""A model that plays a script: the real Messages API over HTTP, as strict as the real one, and no model behind it.

Imports nothing else of minion. `ScriptedModel` runs in a thread for tests and the demo; `serve` is `minion model`.
"""

from minion.scripted.script import Script, ScriptInvalid, load_script
from minion.scripted.server import ScriptedModel, serve

__all__ = ["Script", "ScriptInvalid", "ScriptedModel", "load_script", "serve"]
