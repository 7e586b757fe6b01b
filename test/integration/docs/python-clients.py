"""Asks servers as Python's HTTP clients do, each as it comes, and writes down what their errors say.

The standard input is a list of {client, url, bundle}; without a bundle a client goes by its environment. Names lead to
127.0.0.1, where the servers are.
"""

import asyncio
import json
import socket
import ssl
import sys
import traceback
from urllib.parse import urlsplit

resolve = socket.getaddrinfo
socket.getaddrinfo = lambda host, *rest, **more: resolve("127.0.0.1", *rest, **more)

if sys.version_info < (3, 13):
    # What 3.13 sets by itself, in whatever context somebody makes.
    load = ssl.SSLContext.load_verify_locations

    def load_strictly(context, *rest, **more):
        context.verify_flags |= ssl.VERIFY_X509_STRICT | ssl.VERIFY_X509_PARTIAL_CHAIN
        return load(context, *rest, **more)

    ssl.SSLContext.load_verify_locations = load_strictly


def by_ssl(url, bundle):
    place = urlsplit(url)
    context = ssl.create_default_context(cafile=bundle)
    with socket.create_connection((place.hostname, place.port), timeout=10) as raw:
        with context.wrap_socket(raw, server_hostname=place.hostname) as secure:
            secure.sendall(b"GET / HTTP/1.0\r\n\r\n")
            # Over TLS 1.3 a server refuses the client after the handshake.
            secure.recv(1)


def by_urllib(url, bundle):
    import urllib.request

    urllib.request.urlopen(url, timeout=10, context=bundle and ssl.create_default_context(cafile=bundle))


def by_httpx(url, bundle):
    import httpx

    verify = ssl.create_default_context(cafile=bundle) if bundle else True
    with httpx.Client(verify=verify, timeout=10) as client:
        client.get(url)


def by_requests(url, bundle):
    import requests

    requests.get(url, verify=bundle or True, timeout=10)


def by_urllib3(url, bundle):
    import urllib3

    urllib3.PoolManager(ca_certs=bundle).request("GET", url, retries=0, timeout=10)


def by_aiohttp(url, bundle):
    import aiohttp

    async def get():
        timeout = aiohttp.ClientTimeout(total=10)
        verify = ssl.create_default_context(cafile=bundle) if bundle else True
        async with aiohttp.ClientSession(timeout=timeout, trust_env=True) as session:
            async with session.get(url, ssl=verify) as response:
                await response.read()

    asyncio.run(get())


def words(client, url, bundle=None):
    try:
        globals()[f"by_{client}"](url, bundle)
    except Exception as error:
        # The last line of a traceback, which is what people search for.
        return traceback.format_exception_only(error)[-1].strip()
    return ""


print(json.dumps([words(**subject) for subject in json.load(sys.stdin)]))
