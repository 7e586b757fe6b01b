import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { TLSSocket } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { createCa } from '../../../certs-fixtures/create-ca.ts';
import { ask } from '../../harness/ask.ts';
import { expectFailure } from '../../harness/expect-failure.ts';
import { openTunnel, startTrustingTls } from '../../harness/open-tunnel.ts';
import { parseResponses } from '../../harness/parse-responses.ts';
import { temporaryDirectory } from '../../harness/temporary-directory.ts';
import { startUpstream } from '../../harness/tls-upstream.ts';
import { rawClient, type RawClient } from '../relay/raw-client.ts';
import { remoteMissing, startShared } from './remote-setup.ts';

const ca = createCa();
const clients = createCa({ name: 'clients' });

/** A server that tells who its client is, by its certificate. */
async function startMutual() {
  const upstream = await startUpstream({
    leaf: ca.issue('mcp.test'),
    tls: { requestCert: true, rejectUnauthorized: false, ca: clients.pem },
    handler: ({ socket }, response) => {
      const peer = socket instanceof TLSSocket && socket.authorized ? socket.getPeerCertificate() : undefined;
      response.end(`{"you":"${String(peer?.subject.CN ?? 'nobody')}"}`);
    },
  });
  const directory = temporaryDirectory();
  const files = { certificate: join(directory, 'client.pem'), key: join(directory, 'client.key') };
  const { chain, key } = clients.issue('the sidecar', { extendedKeyUsage: ['clientAuth'] });
  writeFileSync(files.certificate, chain);
  writeFileSync(files.key, key);
  const authority = `mcp.test:${upstream.port}`;
  const plain = { url: `https://${authority}/`, ssl_verify: ca.pem };
  const tls = { client_certificate: files.certificate, client_key: files.key };
  return { upstream, authority, without: { mcp: plain }, withIdentity: { mcp: { ...plain, tls } } };
}

const refused = { server: 'mcp', reason: 'policy_denied' } as const;

describe.skipIf(remoteMissing)('a client on another machine (needs an address beyond loopback)', () => {
  it('is refused the CONNECT to an entry with a client certificate, which clients here are lent', async () => {
    const { upstream, authority, withIdentity } = await startMutual();
    const { local, remote } = await startShared(withIdentity);
    const { response } = await openTunnel(remote.proxy, authority);
    await expectFailure(response, remote, refused);
    expect(response.body).toContain('client certificate');
    expect(upstream.connections).toBe(0);
    expect((await ask(local.proxy, `https://${authority}/`)).body).toBe('{"you":"the sidecar"}');
  });

  it('is refused by port 80 of its host too, where plaintext inside would go to the entry', async () => {
    const { upstream, withIdentity } = await startMutual();
    const { remote } = await startShared(withIdentity);
    const { response } = await openTunnel(remote.proxy, 'mcp.test:80');
    await expectFailure(response, remote, refused);
    expect(upstream.connections).toBe(0);
  });

  it('is refused inside of a CONNECT that was granted before a reload gave the entry a certificate', async () => {
    const { upstream, authority, without, withIdentity } = await startMutual();
    const { local, remote, writeConfig } = await startShared(without);
    const secure = await startTrustingTls(
      remote.proxy,
      await openTunnel(remote.proxy, authority),
      'mcp.test',
    );
    const { socket: plain } = await openTunnel(remote.proxy, authority);
    const tunnels = [rawClient({ socket: secure, tcp: secure }), rawClient({ socket: plain, tcp: plain })];
    const inside = async ({ write, until }: RawClient) => {
      write(`GET / HTTP/1.1\r\nHost: ${authority}\r\n\r\n`);
      await until(/\}$/);
    };
    for (const tunnel of tunnels) {
      await inside(tunnel);
      expect(parseResponses(tunnel.received)).toMatchObject([{ status: 200, body: '{"you":"nobody"}' }]);
    }
    const before = upstream.requests.length;
    writeConfig({}, withIdentity);
    expect((await local.reload()).status).toBe(200);
    // A connection that was made here with the certificate is warm, and not for them.
    expect((await ask(local.proxy, `https://${authority}/`)).body).toBe('{"you":"the sidecar"}');
    for (const tunnel of tunnels) {
      tunnel.write(`GET / HTTP/1.1\r\nHost: ${authority}\r\n\r\n`);
      await tunnel.untilEnded();
      await expectFailure(parseResponses(tunnel.received)[1], remote, refused);
    }
    expect(upstream.requests.length).toBe(before + 1);
  });
});
