import { isIP } from 'node:net';
import { describe, expect, it } from 'vitest';
import type { Address } from '../../../src/upstream/resolve.ts';
import { expectFailure } from '../../harness/expect-failure.ts';
import { openTunnel } from '../../harness/open-tunnel.ts';
import { parseResponses } from '../../harness/parse-responses.ts';
import { sendRaw } from '../../harness/raw-http.ts';
import { configText } from '../../harness/config-text.ts';
import { startInProcess } from '../../harness/start-in-process.ts';
import { startUpstream } from '../../harness/tls-upstream.ts';
import { answerTo, answerToBytes, leaf, startPair } from './connect-setup.ts';

const addressOf = (address: string): Address => ({ address, family: address.includes(':') ? 6 : 4 });

describe('a CONNECT whose target is no authority is request_malformed', () => {
  const targets = [
    'mcp.test',
    'mcp.test:',
    'mcp.test:0',
    'mcp.test:65536',
    'mcp.test:443x',
    'mcp.test:-1',
    'mcp.test:+443',
    'mcp.test:0x1bb',
    'mcp.test:4 43',
    ':443',
    '[::1',
    '::1:443',
    '[::1]',
    '[zz]:443',
    'user@mcp.test:443',
    'user:secret@mcp.test:443',
    'mcp.test:443/path',
    'mcp.test:443?query',
    'mcp.test:443#fragment',
    'https://mcp.test:443/',
    '/dev/mcp',
    '*',
    'a..b:443',
    '%6dcp.test:443',
    'mcp.test%00:443',
    `${'a'.repeat(70_000)}:443`,
  ];
  it.each(targets)('%s', async (target) => {
    const { sidecar, upstream } = await startPair();
    const answer = await answerToBytes(sidecar.proxy, `CONNECT ${target} HTTP/1.1\r\nHost: mcp.test\r\n\r\n`);
    await expectFailure(answer, sidecar, { server: 'unlisted', reason: 'request_malformed' });
    expect(answer.header('connection')).toBe('close');
    expect(upstream.connections).toBe(0);
  });

  const heads = {
    'with two Host headers': 'Host: mcp.test:443\r\nHost: mcp.test:443\r\n',
    'with a body': 'Host: mcp.test:443\r\nContent-Length: 4\r\n',
    'with a chunked body': 'Host: mcp.test:443\r\nTransfer-Encoding: chunked\r\n',
    'with a header that is none': 'Host: mcp.test:443\r\nBad Header: x\r\n',
  };
  it.each(Object.entries(heads))('or %s', async (_, fields) => {
    const { sidecar } = await startPair();
    const answer = await answerToBytes(sidecar.proxy, `CONNECT mcp.test:443 HTTP/1.1\r\n${fields}\r\n`);
    await expectFailure(answer, sidecar, { server: 'unlisted', reason: 'request_malformed' });
  });
});

describe('a listed host', () => {
  it.each(['MCP.Test', 'mcp.test.', 'Mcp.TEST.'])('is found as %s', async (host) => {
    const { sidecar, upstream } = await startPair({ settings: { unlisted_hosts: 'deny' } });
    const { status } = await answerTo(sidecar.proxy, `${host}:${upstream.port}`);
    expect(status).toBe(200);
  });

  it('is not another port of the same host', async () => {
    const { sidecar, upstream } = await startPair({ settings: { unlisted_hosts: 'deny' } });
    const answer = await answerTo(sidecar.proxy, `mcp.test:${upstream.port + 1}`);
    await expectFailure(answer, sidecar, { server: 'unlisted', reason: 'policy_denied' });
  });
});

it('a host that is denied, or unlisted where those are denied, is not dialled', async () => {
  const { sidecar, upstream } = await startPair({
    settings: { unlisted_hosts: 'deny', hosts: { 'no.test': 'deny' } },
  });
  const denied = await answerTo(sidecar.proxy, 'no.test:443');
  await expectFailure(denied, sidecar, { server: 'no.test', reason: 'policy_denied' });
  // All of the answer that httpx, requests and urllib show.
  expect(denied.statusText).toBe('Forbidden (policy_denied)');
  const unlisted = await answerTo(sidecar.proxy, `localhost:${upstream.port}`);
  await expectFailure(unlisted, sidecar, { server: 'unlisted', reason: 'policy_denied' });
  expect(upstream.connections).toBe(0);
});

describe('plaintext HTTP inside a CONNECT, as undici 7 sends it for http URLs', () => {
  it('to port 80 of a listed host goes to its https authority', async () => {
    const { sidecar, upstream } = await startPair();
    const { socket, response } = await openTunnel(sidecar.proxy, 'mcp.test:80');
    expect(response.status).toBe(200);
    const bytes = 'GET /plain HTTP/1.1\r\nHost: mcp.test\r\nConnection: close\r\n\r\n';
    const [answer] = parseResponses(await sendRaw({ socket, bytes }));
    expect(answer?.body).toBe('{"ok":true}');
    expect(upstream.requests).toMatchObject([{ url: '/plain', serverName: 'mcp.test' }]);
  });

  it('to port 80 of an unlisted host is denied by default, and a blind tunnel with unlisted_plaintext: pass', async () => {
    const denying = await startPair();
    const refused = await answerTo(denying.sidecar.proxy, 'plain.test:80');
    await expectFailure(refused, denying.sidecar, { server: 'unlisted', reason: 'policy_denied' });
    // Nobody listens on port 80 of loopback in a test: that it was dialled is all that shows.
    const passing = await startPair({
      settings: { unlisted_plaintext: 'pass' },
      lookup: () => Promise.reject(Object.assign(new Error('getaddrinfo'), { code: 'ENOTFOUND' })),
    });
    const dialled = await answerTo(passing.sidecar.proxy, 'plain.test:80');
    await expectFailure(dialled, passing.sidecar, { server: 'unlisted', reason: 'dns_failed' });
  });
});

describe('an address that is never dialled', () => {
  const metadata = [
    '169.254.169.254',
    '0xa9fea9fe',
    '2852039166',
    '0251.0376.0251.0376',
    '169.254.43518',
    '169.254.169.254.',
    '[::ffff:169.254.169.254]',
    '[::ffff:a9fe:a9fe]',
    '[64:ff9b::169.254.169.254]',
    '[2002:a9fe:a9fe::1]',
    '[fe80::1]',
    '[fd00:ec2::254]',
    '100.100.100.200',
    '168.63.129.16',
    '192.0.0.192',
  ];
  it.each(metadata)('%s is address_prohibited as the target of a blind tunnel', async (host) => {
    const sidecar = await startInProcess({ config: configText({}) });
    const answer = await answerTo(sidecar.proxy, `${host}:443`);
    await expectFailure(answer, sidecar, { server: 'unlisted', reason: 'address_prohibited' });
  });

  it.each(metadata.filter((host) => isIP(host.replace(/[[\]]/g, '')) > 0))(
    'a name that leads to %s is address_prohibited, too',
    async (host) => {
      const address = addressOf(host.replace(/[[\]]/g, ''));
      const sidecar = await startInProcess({
        config: configText({}, { hosts: { 'tunnel.test': 'tunnel' } }),
        lookup: () => Promise.resolve([address]),
      });
      for (const [name, server] of [
        ['unlisted.test', 'unlisted'],
        ['tunnel.test', 'tunnel.test'],
      ] as const) {
        const answer = await answerTo(sidecar.proxy, `${name}:443`);
        await expectFailure(answer, sidecar, { server, reason: 'address_prohibited' });
      }
    },
  );

  const own = ['127.0.0.1', '127.1', '2130706433', '0x7f.1', '0.0.0.0', '0', '[::]', '[::1]', 'localhost'];
  it.each([...own, '[::ffff:127.0.0.1]', '[64:ff9b::7f00:1]', '127.0.0.2', 'own.test'])(
    '%s with a port of our own listeners is address_prohibited',
    async (host) => {
      const sidecar = await startInProcess({ config: configText({}) });
      for (const place of [sidecar.proxy, sidecar.admin]) {
        const { port } = new URL(`http://${place}`);
        const answer = await answerTo(sidecar.proxy, `${host}:${port}`);
        await expectFailure(answer, sidecar, { server: 'unlisted', reason: 'address_prohibited' });
      }
    },
  );

  it('is left out where a name has others', async () => {
    const upstream = await startUpstream({ leaf });
    const sidecar = await startInProcess({
      config: configText({}),
      lookup: () => Promise.resolve(['169.254.169.254', '127.0.0.1'].map(addressOf)),
    });
    expect((await answerTo(sidecar.proxy, `mixed.test:${upstream.port}`)).status).toBe(200);
  });
});
