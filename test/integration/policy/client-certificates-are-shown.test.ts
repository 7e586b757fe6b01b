import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { TLSSocket } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { createCa } from '../../../certs-fixtures/create-ca.ts';
import type { Leaf } from '../../../certs-fixtures/issue-leaf.ts';
import { ask } from '../../harness/ask.ts';
import { configText } from '../../harness/config-text.ts';
import { expectFailure } from '../../harness/expect-failure.ts';
import { poll } from '../../harness/poll.ts';
import { routes } from '../../harness/routes.ts';
import { startInProcess, type InProcessSidecar } from '../../harness/start-in-process.ts';
import { temporaryDirectory } from '../../harness/temporary-directory.ts';
import { startUpstream, type Upstream } from '../../harness/tls-upstream.ts';

const ca = createCa();
const clients = createCa({ name: 'clients' });
const identity = (name: string): Leaf => clients.issue(name, { extendedKeyUsage: ['clientAuth'] });

interface Mutual {
  readonly sidecar: InProcessSidecar;
  readonly upstream: Upstream;
  readonly write: (leaf: Leaf) => void;
  readonly files: { readonly certificate: string; readonly key: string };
  readonly named: { readonly server: string; readonly authority: string };
}

/** An upstream that wants a certificate and answers with its common name. */
async function startMutual(maxVersion: 'TLSv1.2' | 'TLSv1.3', first: Leaf): Promise<Mutual> {
  const upstream = await startUpstream({
    leaf: ca.issue('mcp.test'),
    tls: { requestCert: true, rejectUnauthorized: true, ca: clients.pem, maxVersion },
    handler: ({ socket }, response) =>
      response.end(socket instanceof TLSSocket ? socket.getPeerCertificate().subject.CN : 'no TLS'),
  });
  const directory = temporaryDirectory();
  const files = { certificate: join(directory, 'client.pem'), key: join(directory, 'client.key') };
  const write = (leaf: Leaf) => {
    writeFileSync(files.key, leaf.key);
    writeFileSync(files.certificate, leaf.chain);
  };
  write(first);
  const authority = `mcp.test:${upstream.port}`;
  const tls = { client_certificate: files.certificate, client_key: files.key };
  const config = configText({ mcp: { url: `https://${authority}/`, ssl_verify: ca.pem, tls } });
  const sidecar = await startInProcess({ config });
  return { sidecar, upstream, write, files, named: { server: 'mcp', authority } };
}

describe.each(['TLSv1.2', 'TLSv1.3'] as const)('a client certificate, %s', (version) => {
  it.each(routes)('is shown, $name', async (route) => {
    const { sidecar, named } = await startMutual(version, identity('first'));
    const answer = await ask(sidecar.proxy, route.target(named, '/'));
    expect([answer.status, answer.body]).toEqual([200, 'first']);
  });

  it('is reloaded when it is rotated, and no connection of the old one is used again', async () => {
    const { sidecar, named, write, upstream } = await startMutual(version, identity('first'));
    const name = async () => (await ask(sidecar.proxy, `/${named.server}/`)).body;
    expect(await name()).toBe('first');
    write(identity('second'));
    await poll(async () => (await name()) === 'second', { what: 'the second certificate' });
    const connections = new Set(upstream.requests.map(({ connection }) => connection));
    expect(connections.size).toBe(2);
  });
});

describe('a client certificate that cannot be used', () => {
  it('whose key does not fit spoils its entry alone, and a reload with it keeps the last good one', async () => {
    const { sidecar, named, files } = await startMutual('TLSv1.3', identity('first'));
    writeFileSync(files.key, identity('other').key);
    const stale = () => sidecar.metric('mcp_tls_sidecar_server_stale', { server: 'mcp' });
    await poll(async () => (await stale()) === 1, { what: 'server_stale 1' });
    expect((await ask(sidecar.proxy, `/${named.server}/`)).body).toBe('first');
    const problem = sidecar.logs.find(({ level }) => level === 'error');
    expect(problem?.['msg']).toBe(
      `tls.client_certificate of mcp: ${files.key} does not fit the first certificate of ${files.certificate}`,
    );
  });

  it.each([
    ['no key at all', 'hello', /holds no private key/],
    ['an encrypted key', '-----BEGIN ENCRYPTED PRIVATE KEY-----\n', /holds an encrypted key/],
  ])('%s is a problem, and the entry unusable', async (_, key, message) => {
    const directory = temporaryDirectory();
    const leaf = identity('client');
    writeFileSync(join(directory, 'c.pem'), leaf.chain);
    writeFileSync(join(directory, 'c.key'), key);
    const tls = { client_certificate: join(directory, 'c.pem'), client_key: join(directory, 'c.key') };
    const config = configText({ mcp: { url: 'https://mcp.test/', ssl_verify: ca.pem, tls } });
    const sidecar = await startInProcess({ config });
    const problem = sidecar.logs.find(({ level }) => level === 'error');
    expect(problem?.['msg']).toMatch(message);
    // Told at the certificate, not at ssl_verify, which is good.
    const line = config.split('\n')[Number(problem?.['line']) - 1];
    expect(line?.slice(Number(problem?.['column']) - 1)).toMatch(/^"?[^\s"]*c\.pem/);
    const answer = await ask(sidecar.proxy, '/mcp/');
    await expectFailure(answer, sidecar, { server: 'mcp', reason: 'configuration_unusable' });
  });
});
