"""The shortest program with the OpenHands SDK: `python openhands_run.py URL KEY GOAL`, in the folder to work in."""

from __future__ import annotations

import sys
from pathlib import Path

from openhands.sdk import LLM, Agent, Conversation, Tool
from openhands.tools.file_editor import FileEditorTool
from openhands.tools.terminal import TerminalTool

llm = LLM(
    model="anthropic/claude-sonnet-4-5-20250929",
    api_key=sys.argv[2],
    base_url=sys.argv[1],
)
agent = Agent(llm=llm, tools=[Tool(name=TerminalTool.name), Tool(name=FileEditorTool.name)])
conversation = Conversation(agent=agent, workspace=str(Path.cwd()))
conversation.send_message(sys.argv[3])
conversation.run()
