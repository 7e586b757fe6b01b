import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:tls';
import { promisify } from 'node:util';
import { Agent, request } from 'undici';
import { describe, expect, it } from 'vitest';
import { createCa } from '../../certs-fixtures/create-ca.ts';
import { cleanUp } from '../harness/clean-up.ts';
import { parseResponses } from '../harness/parse-responses.ts';
import { poll } from '../harness/poll.ts';
import { refusingPort, startRawTcp, startRawUpstream } from '../harness/raw-upstream.ts';
import { sendRaw } from '../harness/raw-http.ts';
import { strictPython } from '../harness/require-tool.ts';
import { startUpstream } from '../harness/tls-upstream.ts';

const root = createCa();
const leaf = root.issue(['mcp.test', '127.0.0.1', 'localhost']);

describe('the upstream of tests', () => {
  it('records requests, their connection and their body', async () => {
    const upstream = await startUpstream({ leaf });
    const dispatcher = new Agent({
      allowH2: false,
      connections: 1,
      connect: { ca: root.pem, servername: 'mcp.test' },
    });
    cleanUp(() => dispatcher.destroy());
    for (const body of ['one', 'two']) {
      const response = await request(`https://127.0.0.1:${upstream.port}/mcp?q`, {
        method: 'POST',
        body,
        dispatcher,
      });
      expect(await response.body.json()).toEqual({ ok: true });
    }
    const common = { method: 'POST', url: '/mcp?q', connection: 1, serverName: 'mcp.test', cancelled: false };
    expect(upstream.requests).toMatchObject([
      { ...common, body: 'one' },
      { ...common, body: 'two' },
    ]);
    expect(upstream.connections).toBe(1);
  });

  it('shows resumed sessions and new certificates', async () => {
    const upstream = await startUpstream({ leaf, tls: { maxVersion: 'TLSv1.2' } });
    const options = { host: '127.0.0.1', port: upstream.port, ca: root.pem, servername: 'mcp.test' };
    const bytes = 'GET / HTTP/1.1\r\nHost: mcp.test\r\nConnection: close\r\n\r\n';
    const first = connect(options);
    await once(first, 'secureConnect');
    const session = first.getSession();
    first.destroy();
    if (session === undefined) throw new Error('no session');
    await sendRaw({ port: upstream.port, bytes, tls: { ...options, session } });
    await sendRaw({ port: upstream.port, bytes, tls: options });
    expect(upstream.requests).toMatchObject([{ resumed: true }, { resumed: false }]);

    const next = root.issue('mcp.test');
    upstream.swapCertificate(next);
    const second = connect(options);
    await once(second, 'secureConnect');
    expect(second.getPeerX509Certificate()?.raw).toEqual(next.certificateDer);
    second.destroy();
  });

  it('sees a client that leaves', async () => {
    const upstream = await startUpstream({
      leaf,
      protocol: 'http',
      handler: (_, response) => response.write('x'),
    });
    await sendRaw({
      port: upstream.port,
      bytes: 'GET / HTTP/1.1\r\nHost: a\r\n\r\n',
      until: (text) => text.includes('x'),
    });
    await poll(() => upstream.requests[0]?.cancelled);
  });

  it('keeps the errors of handshakes', async () => {
    const upstream = await startUpstream({ leaf });
    await expect(request(`https://127.0.0.1:${upstream.port}/`)).rejects.toThrow('unable to verify');
    await poll(() => upstream.handshakeErrors.length === 1);
  });

  it('sends hostile bytes, inside TLS and in its place', async () => {
    const bytes = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n5\r\nde';
    const raw = await startRawUpstream({ leaf, onConnection: (socket) => socket.end(bytes) });
    const tls = { ca: root.pem, servername: 'mcp.test' };
    const [response] = parseResponses(await sendRaw({ port: raw.port, bytes: 'GET /', tls }));
    expect(response).toMatchObject({ status: 200, body: 'abcde', complete: false });

    const tcp = await startRawTcp((socket) => socket.resetAndDestroy());
    expect(await sendRaw({ port: tcp.port, bytes: 'GET /', tls })).toHaveLength(0);
    await expect(fetch(`http://127.0.0.1:${await refusingPort()}/`)).rejects.toMatchObject({
      cause: { code: 'ECONNREFUSED' },
    });
  });
});

const python = strictPython();
const script = `
import socket, ssl, sys
port, ca, needs_flags = int(sys.argv[1]), sys.argv[2], sys.argv[3] == "True"
context = ssl.create_default_context(cadata=ca)
if needs_flags:
    context.verify_flags |= ssl.VERIFY_X509_STRICT | ssl.VERIFY_X509_PARTIAL_CHAIN
try:
    with socket.create_connection(("127.0.0.1", port)) as tcp:
        context.wrap_socket(tcp, server_hostname="mcp.test").close()
    print("OK")
except ssl.SSLError as error:
    print(error)
`;

describe.skipIf(python === undefined)('Python 3.13 (needs python3)', () => {
  const intermediate = root.intermediate();
  it.each([
    ['OK', intermediate.issue('mcp.test')],
    ['OK', root.issue('mcp.test', { keyAlgorithm: 'rsa-2048' })],
    ['Missing Authority Key Identifier', intermediate.issue('mcp.test', { authorityKeyIdentifier: false })],
    ['CA cert does not include key usage', root.intermediate({ keyUsage: false }).issue('mcp.test')],
  ])('says %s of a certificate of the fixtures (%#)', async (words, certificate) => {
    const upstream = await startUpstream({ leaf: certificate });
    const args = [
      '-c',
      script,
      String(upstream.port),
      root.pem,
      python?.needsFlags === true ? 'True' : 'False',
    ];
    const { stdout } = await promisify(execFile)(python?.path ?? '', args);
    expect(stdout).toContain(words);
  });
});
