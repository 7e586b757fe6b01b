"""Lists the tools of an MCP server and calls one, with the official SDK (v1 or v2) as it is.

usage: mcp_client.py http|sse URL
"""

import asyncio
import sys

from mcp import ClientSession
from mcp.client.sse import sse_client
from mcp.client.streamable_http import streamable_http_client

_, transport, url = sys.argv
connect = sse_client if transport == "sse" else streamable_http_client


async def main():
    # Beside its streams, v1 yields a function that tells the session's id.
    async with connect(url) as (read, write, *_), ClientSession(read, write) as session:
        await session.initialize()
        print([tool.name for tool in (await session.list_tools()).tools])
        result = await session.call_tool("get-sum", {"a": 2, "b": 3})
        print(result.content[0].text)


asyncio.run(main())
