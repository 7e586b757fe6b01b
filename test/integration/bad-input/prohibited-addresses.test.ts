import { networkInterfaces } from 'node:os';
import { describe, expect, it } from 'vitest';
import { createCa } from '../../../certs-fixtures/create-ca.ts';
import { createAddressGuard } from '../../../src/upstream/prohibited-address.ts';
import type { Address } from '../../../src/upstream/resolve.ts';
import { configText } from '../../harness/config-text.ts';
import { expectFailure } from '../../harness/expect-failure.ts';
import { parseResponses } from '../../harness/parse-responses.ts';
import { sendRaw } from '../../harness/raw-http.ts';
import { ask } from '../../harness/ask.ts';
import { routes } from '../../harness/routes.ts';
import { startInProcess } from '../../harness/start-in-process.ts';
import { startUpstream } from '../../harness/tls-upstream.ts';

const root = createCa();
const addressOf = (address: string): Address => ({ address, family: address.includes(':') ? 6 : 4 });
const ownAddresses = Object.values(networkInterfaces())
  .flatMap((all) => all ?? [])
  .map(({ address }) => address);

describe.each(routes)('on the route by $name', ({ target }) => {
  async function expectProhibited(url: string, addresses: readonly string[]) {
    const sidecar = await startInProcess({
      config: configText({ dev: { url, ssl_verify: root.pem } }, { timeouts: { dial: '500ms' } }),
      lookup: () => Promise.resolve(addresses.map(addressOf)),
    });
    const { host: authority } = new URL(url);
    const answer = await ask(sidecar.proxy, target({ server: 'dev', authority }, '/mcp'));
    await expectFailure(answer, sidecar, { server: 'dev', reason: 'address_prohibited' });
    expect(answer.body).not.toContain(addresses[0]);
  }

  const prohibited = [
    '169.254.169.254',
    '169.254.0.1',
    'fe80::1',
    'fe80::1%lo',
    'febf::1',
    'fd00:ec2::254',
    'fd20:ce::254',
    '100.100.100.200',
    '168.63.129.16',
    '192.0.0.192',
    '::ffff:169.254.169.254',
    '::ffff:a9fe:a9fe',
    '::169.254.169.254',
    '64:ff9b::a9fe:a9fe',
    '64:ff9b:1::a9fe:a9fe',
    '2002:a9fe:a9fe::',
    '2002:a9fe:a9fe::1',
    '2002:6464:64c8::',
  ];
  it.each(prohibited)('a listed name that leads to %s is address_prohibited', async (address) => {
    await expectProhibited('https://mcp.test/mcp', [address]);
  });

  it('leaves prohibited addresses out where a name has others', async () => {
    const upstream = await startUpstream({ leaf: root.issue('mcp.test') });
    const authority = `mcp.test:${upstream.port}`;
    const sidecar = await startInProcess({
      config: configText({ dev: { url: `https://${authority}/mcp`, ssl_verify: root.pem } }),
      lookup: () => Promise.resolve(['169.254.169.254', '127.0.0.1'].map(addressOf)),
    });
    const answer = await ask(sidecar.proxy, target({ server: 'dev', authority }, '/mcp'));
    expect(answer.status).toBe(200);
  });

  const ownForms = ['127.0.0.1', '127.0.0.2', '0.0.0.0', '::1', '::', '::ffff:127.0.0.1', '64:ff9b::7f00:1'];
  const listeners = ['proxy', 'admin'] as const;
  it.each(listeners)(
    'a name that leads to the %s listener of the sidecar is address_prohibited',
    async (which) => {
      let addresses: readonly string[] = [];
      const sidecar = await startInProcess({
        config: configText({}),
        lookup: () => Promise.resolve(addresses.map(addressOf)),
      });
      const { port } = new URL(`http://${sidecar[which]}`);
      const authority = `mcp.test:${port}`;
      sidecar.writeConfig(configText({ dev: { url: `https://${authority}/mcp`, ssl_verify: root.pem } }));
      expect((await sidecar.reload()).status).toBe(200);
      for (const address of new Set([...ownForms, ...ownAddresses])) {
        addresses = [address];
        const answer = await ask(sidecar.proxy, target({ server: 'dev', authority }, '/mcp'));
        expect({ address, status: answer.status }).toEqual({ address, status: 502 });
        await expectFailure(answer, sidecar, { server: 'dev', reason: 'address_prohibited' });
      }
    },
  );

  it('an entry that is a literal does not lift the prohibition of another name that leads there', async () => {
    const sidecar = await startInProcess({
      config: configText({
        literal: { url: 'https://169.254.169.254/mcp', ssl_verify: root.pem },
        dev: { url: 'https://mcp.test/mcp', ssl_verify: root.pem },
      }),
      lookup: () => Promise.resolve([addressOf('169.254.169.254')]),
    });
    const answer = await ask(sidecar.proxy, target({ server: 'dev', authority: 'mcp.test' }, '/mcp'));
    await expectFailure(answer, sidecar, { server: 'dev', reason: 'address_prohibited' });
  });

  it('an entry that is a literal never lifts the prohibition of the sidecar itself', async () => {
    const sidecar = await startInProcess({ config: configText({}) });
    const { port } = new URL(sidecar.adminUrl);
    const authority = `127.0.0.1:${port}`;
    sidecar.writeConfig(configText({ dev: { url: `https://${authority}/metrics` } }));
    expect((await sidecar.reload()).status).toBe(200);
    const answer = await ask(sidecar.proxy, target({ server: 'dev', authority }, '/metrics'));
    await expectFailure(answer, sidecar, { server: 'dev', reason: 'address_prohibited' });
  });
});

// Without a socket: nothing in a test goes to such an address of the machine's real network.
it.each(['169.254.169.254', 'fe80::1', '100.100.100.200'])('an entry that is %s itself lifts it', (host) => {
  const guard = createAddressGuard(() => [8921]);
  const authority = { host, port: 443 };
  expect(guard.prohibits(host, authority, true)).toBe(false);
  expect(guard.prohibits(host, authority, false)).toBe(true);
  expect(guard.prohibits(host, { host: 'mcp.test', port: 443 }, true)).toBe(true);
});

describe('plain http to hosts without an entry', () => {
  const pass = { unlisted_plaintext: 'pass' };

  it('is policy_denied by default', async () => {
    const upstream = await startUpstream({ protocol: 'http' });
    const sidecar = await startInProcess({ config: configText({}) });
    const answer = await ask(sidecar.proxy, `http://plain.test:${upstream.port}/path`);
    await expectFailure(answer, sidecar, { server: 'unlisted', reason: 'policy_denied' });
    expect(upstream.connections).toBe(0);
  });

  it('is relayed where unlisted_plaintext says pass', async () => {
    const upstream = await startUpstream({ protocol: 'http' });
    const sidecar = await startInProcess({ config: configText({}, pass) });
    const answer = await ask(sidecar.proxy, `http://plain.test:${upstream.port}/path?q=1`, { body: 'text' });
    expect(answer).toMatchObject({ status: 200, body: '{"ok":true}' });
    expect(upstream.requests).toMatchObject([
      { method: 'POST', url: '/path?q=1', body: 'text', headers: { host: `plain.test:${upstream.port}` } },
    ]);
    expect(await sidecar.metric('mcp_tls_sidecar_requests_total', { server: 'unlisted', code: '200' })).toBe(
      1,
    );
  });

  it('never goes where https is listed', async () => {
    const plain = await startUpstream({ protocol: 'http' });
    const secure = await startUpstream({ leaf: root.issue('mcp.test') });
    const dev = { url: `https://mcp.test:${secure.port}/mcp`, ssl_verify: root.pem };
    const sidecar = await startInProcess({ config: configText({ dev }, pass) });
    expect((await ask(sidecar.proxy, `http://mcp.test:${plain.port}/mcp`)).status).toBe(200);
    expect({ plain: plain.requests.length, secure: secure.requests.length }).toEqual({ plain: 0, secure: 1 });
  });

  const metadata = [
    '169.254.169.254',
    '0xa9fea9fe',
    '2852039166',
    '0251.0376.0251.0376',
    '169.254.43518',
    '169.254.169.254.',
    '[::ffff:169.254.169.254]',
    '[64:ff9b::169.254.169.254]',
    '[fe80::1]',
    '１６９.254.169.254',
  ];
  it.each(metadata)('http://%s/ is address_prohibited', async (host) => {
    const sidecar = await startInProcess({ config: configText({}, pass) });
    const { hostname, port } = new URL(sidecar.proxyUrl);
    const bytes = Buffer.from(`GET http://${host}/latest/ HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
    const [answer] = parseResponses(await sendRaw({ host: hostname, port: Number(port), bytes }));
    // node:http hands out targets as Latin-1, where full-width digits are no host.
    const reason = /^[\x20-\x7e]*$/.test(host) ? 'address_prohibited' : 'request_malformed';
    expect(answer).toBeDefined();
    await expectFailure(answer, sidecar, { server: 'unlisted', reason });
  });

  it.each(['0.0.0.0', '0', '[::]', '[::ffff:127.0.0.1]'])(
    'http://%s with the ports of the sidecar is address_prohibited',
    async (host) => {
      const sidecar = await startInProcess({ config: configText({}, pass) });
      for (const own of [sidecar.proxy, sidecar.admin]) {
        const { port } = new URL(`http://${own}`);
        const answer = await ask(sidecar.proxy, `http://${host}:${port}/metrics`);
        await expectFailure(answer, sidecar, { server: 'unlisted', reason: 'address_prohibited' });
      }
    },
  );
});
