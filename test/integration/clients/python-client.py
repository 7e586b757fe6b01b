"""Lists the tools of an MCP server with nothing but the standard library.

usage: python-client.py URL CA_FILE [--strict]
"""

import json
import ssl
import sys
import urllib.request

url, ca_file = sys.argv[1:3]
context = ssl.create_default_context(cafile=ca_file)
if "--strict" in sys.argv:
    # What Python 3.13 sets by itself.
    context.verify_flags |= ssl.VERIFY_X509_STRICT | ssl.VERIFY_X509_PARTIAL_CHAIN

# Obeys HTTP_PROXY and HTTPS_PROXY, as httpx and requests do.
opener = urllib.request.build_opener(urllib.request.HTTPSHandler(context=context))
headers = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}


def post(message):
    body = json.dumps({"jsonrpc": "2.0", **message}).encode()
    request = urllib.request.Request(url, body, headers)
    with opener.open(request, timeout=10) as response:
        headers.setdefault("Mcp-Session-Id", response.headers.get("Mcp-Session-Id"))
        events = response.read().decode().split("\n\n")
    data = [line[5:] for event in events for line in event.split("\n") if line.startswith("data:")]
    return [json.loads(text) for text in data if text.strip()]


client = {"name": "python", "version": "0"}
initialize = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": client}
try:
    post({"id": 1, "method": "initialize", "params": initialize})
    post({"method": "notifications/initialized"})
    [answer] = post({"id": 2, "method": "tools/list"})
except urllib.error.URLError as error:
    sys.exit(str(error))
print(json.dumps([tool["name"] for tool in answer["result"]["tools"]]))
