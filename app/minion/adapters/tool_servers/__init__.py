"""MCP servers: started outside of the box, spoken to through the official SDK, believed in nothing.

The SDK takes most of a second to import: `servers` names it only where a session is opened.
"""

from minion.adapters.tool_servers.servers import BaseTree, McpServers, preload

__all__ = ["BaseTree", "McpServers", "preload"]
