"""POSTs a body to a URL with requests or aiohttp, as their users do.

usage: http_client.py requests|aiohttp URL BODY
"""

import asyncio
import sys

_, library, url, body = sys.argv
headers = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}


async def main():
    import aiohttp

    # Without trust_env it takes no notice of proxy variables.
    async with aiohttp.ClientSession(trust_env=True) as session:
        async with session.post(url, data=body, headers=headers) as response:
            print(await response.text())


if library == "aiohttp":
    asyncio.run(main())
else:
    import requests

    print(requests.post(url, data=body, headers=headers, timeout=10).text)
