"""Dials every server that the standard input names, as an MCP client in Python does, and says what came of it."""

import json
import socket
import ssl
import sys
from concurrent.futures import ThreadPoolExecutor

patience = float(sys.argv[1])
strict = "--strict" in sys.argv


def judge(subject):
    try:
        context = ssl.create_default_context(cafile=subject["bundle"])
        if strict:
            context.verify_flags |= ssl.VERIFY_X509_STRICT | ssl.VERIFY_X509_PARTIAL_CHAIN
        if subject["certificate"]:
            context.load_cert_chain(subject["certificate"], subject["key"])
        with socket.create_connection(("127.0.0.1", subject["port"]), timeout=patience) as raw:
            with context.wrap_socket(raw, server_hostname=subject["host"]) as secure:
                # Over TLS 1.3 a server refuses the client after the handshake.
                secure.sendall(b"GET / HTTP/1.1\r\nHost: mcp.test\r\nConnection: close\r\n\r\n")
                accepts = secure.recv(1) != b""
                return {"accepts": accepts, "words": "" if accepts else "closed"}
    except ssl.SSLCertVerificationError as error:
        return {"accepts": False, "words": error.verify_message}
    except OSError as error:
        return {"accepts": False, "words": str(error)}


subjects = json.load(sys.stdin)
with ThreadPoolExecutor(4) as pool:
    print(json.dumps([[subject["id"], said] for subject, said in zip(subjects, pool.map(judge, subjects))]))
