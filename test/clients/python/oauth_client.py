"""Calls the tool of a protected server with the OAuth client of the official SDK (v1 or v2).

usage: oauth_client.py URL
"""

import asyncio
import sys
from urllib.parse import parse_qs, urlsplit

from mcp import ClientSession
from mcp.client.auth import OAuthClientProvider
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.auth import OAuthClientMetadata

try:
    import httpx2 as httpx
    from mcp.client.auth import AuthorizationCodeResult
except ImportError:  # v1
    import httpx

    def AuthorizationCodeResult(code, state):
        return code, state


_, url = sys.argv
redirect_uri = "http://127.0.0.1:1/callback"


class Memory:
    tokens = client_info = None

    async def get_tokens(self):
        return self.tokens

    async def set_tokens(self, tokens):
        self.tokens = tokens

    async def get_client_info(self):
        return self.client_info

    async def set_client_info(self, client_info):
        self.client_info = client_info


class Browser:
    """Of a user who agrees."""

    async def open(self, authorization_url):
        async with httpx.AsyncClient() as client:
            agreed = await client.get(authorization_url)
        query = parse_qs(urlsplit(agreed.headers["location"]).query)
        self.result = AuthorizationCodeResult(code=query["code"][0], state=query["state"][0])

    async def wait(self):
        return self.result


async def main():
    browser = Browser()
    metadata = OAuthClientMetadata(
        client_name="test", redirect_uris=[redirect_uri], token_endpoint_auth_method="none"
    )
    auth = OAuthClientProvider(url, metadata, Memory(), browser.open, browser.wait)
    async with (
        httpx.AsyncClient(auth=auth) as client,
        streamable_http_client(url, http_client=client) as (read, write, *_),
        ClientSession(read, write) as session,
    ):
        await session.initialize()
        result = await session.call_tool("secret", {})
        print(result.content[0].text)


asyncio.run(main())
