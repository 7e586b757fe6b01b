import { describe, expect, it } from 'vitest';
import { createCa } from '../../../certs-fixtures/create-ca.ts';
import { configText } from '../../harness/config-text.ts';
import { expectFailure } from '../../harness/expect-failure.ts';
import { ask } from '../../harness/ask.ts';
import { startInProcess } from '../../harness/start-in-process.ts';
import { startUpstream } from '../../harness/tls-upstream.ts';

const root = createCa();

async function startPair(settings: Record<string, unknown> = {}) {
  const upstream = await startUpstream({ leaf: root.issue('mcp.test') });
  const sidecar = await startInProcess({
    config: configText(
      { dev: { url: `https://mcp.test:${upstream.port}/mcp`, ssl_verify: root.pem } },
      settings,
    ),
  });
  return { upstream, sidecar };
}

const foreign: readonly Readonly<Record<string, string | string[]>>[] = [
  { Host: 'evil.test' },
  { Host: 'evil.test:8921' },
  { Host: '127.0.0.1.evil.test' },
  { Host: 'localhost.evil.test' },
  { Host: '10.0.0.1' },
  { Host: '0.0.0.0' },
  { Host: '[::ffff:127.0.0.1]' },
  { Origin: 'https://evil.test' },
  { Origin: 'http://evil.test:8921' },
  { Origin: 'http://127.0.0.1.evil.test' },
  { Origin: 'http://localhost@evil.test' },
  { Origin: 'null' },
  { Origin: 'file://' },
  { Origin: '' },
  { Origin: 'http://localhost http://evil.test' },
  { Origin: 'chrome-extension://abcdefgh' },
  { 'Sec-Fetch-Site': 'cross-site' },
  { Origin: 'http://localhost', 'Sec-Fetch-Site': 'cross-site' },
  { Origin: ['http://localhost', 'http://localhost'] },
  { 'Sec-Fetch-Site': ['none', 'cross-site'] },
];
const own: readonly Readonly<Record<string, string>>[] = [
  { Host: 'localhost' },
  { Host: 'LOCALHOST.:80' },
  { Host: '127.0.0.1:8921' },
  { Host: '127.9.9.9' },
  { Host: '[::1]:8921' },
  { Origin: 'http://localhost:3000' },
  { Origin: 'https://127.0.0.1' },
  { Origin: 'http://[::1]:6274' },
  { 'Sec-Fetch-Site': 'same-origin' },
  { 'Sec-Fetch-Site': 'none' },
];

describe('a base URL', () => {
  it.each(foreign)('asked with %o is policy_denied', async (headers) => {
    const { upstream, sidecar } = await startPair();
    const answer = await ask(sidecar.proxy, '/dev/mcp', { headers });
    await expectFailure(answer, sidecar, { server: 'unlisted', reason: 'policy_denied' });
    // No page may read it, either.
    expect(answer.header('access-control-allow-origin')).toBeNull();
    expect(upstream.requests).toEqual([]);
  });

  it.each(own)('asked with %o is served', async (headers) => {
    const { sidecar } = await startPair();
    expect((await ask(sidecar.proxy, '/dev/mcp', { headers })).status).toBe(200);
  });

  it('asked by the absolute form of our own name is under the same rules', async () => {
    const { upstream, sidecar } = await startPair();
    const { port } = new URL(sidecar.proxyUrl);
    for (const host of ['127.0.0.1', 'localhost', 'LOCALHOST.', '[::1]', '127.1']) {
      const target = `http://${host}:${port}/dev/mcp`;
      // The Host header is ignored there, the Origin is not.
      const served = await ask(sidecar.proxy, target, { headers: { Host: 'evil.test' } });
      expect({ host, status: served.status }).toEqual({ host, status: 200 });
      const denied = await ask(sidecar.proxy, target, { headers: { Origin: 'https://evil.test' } });
      await expectFailure(denied, sidecar, { server: 'unlisted', reason: 'policy_denied' });
    }
    expect(upstream.requests.map(({ url }) => url)).toEqual(Array(5).fill('/mcp'));
  });

  it('is served to the hosts of allowed_hosts, and to those alone', async () => {
    const { sidecar } = await startPair({ allowed_hosts: ['sidecar.corp.test'] });
    const statuses = async (name: string) => [
      (await ask(sidecar.proxy, '/dev/mcp', { headers: { Host: `${name}:8921` } })).status,
      (await ask(sidecar.proxy, '/dev/mcp', { headers: { Origin: `https://${name}` } })).status,
    ];
    expect(await statuses('Sidecar.corp.test.')).toEqual([200, 200]);
    expect(await statuses('other.corp.test')).toEqual([403, 403]);
    expect(await statuses('a.sidecar.corp.test')).toEqual([403, 403]);
  });

  it('refuses the preflight of a foreign page', async () => {
    const { upstream, sidecar } = await startPair();
    const answer = await ask(sidecar.proxy, '/dev/mcp', {
      method: 'OPTIONS',
      headers: { Origin: 'https://evil.test', 'Access-Control-Request-Method': 'POST' },
    });
    await expectFailure(answer, sidecar, { server: 'unlisted', reason: 'policy_denied' });
    expect(upstream.requests).toEqual([]);
  });
});

describe('POST /-/reload', () => {
  const reload = (admin: string, headers: Readonly<Record<string, string | string[]>>) =>
    ask(admin, '/-/reload', { method: 'POST', headers });

  it('is refused to what comes from elsewhere, and reloads nothing', async () => {
    const { sidecar } = await startPair();
    const reloads = () => sidecar.metric('mcp_tls_sidecar_config_reloads_total');
    const before = await reloads();
    for (const headers of foreign) {
      const answer = await reload(sidecar.admin, headers);
      expect({ headers, status: answer.status }).toEqual({ headers, status: 403 });
      expect(answer.body).toContain('policy_denied');
    }
    expect(await reloads()).toBe(before);
  });

  it('is answered to our own names', async () => {
    const { sidecar } = await startPair();
    for (const headers of own) {
      const answer = await reload(sidecar.admin, headers);
      expect({ headers, status: answer.status }).toEqual({ headers, status: 200 });
    }
  });

  it('is answered to the hosts of allowed_hosts', async () => {
    const { sidecar } = await startPair({ allowed_hosts: ['sidecar.corp.test'] });
    expect((await reload(sidecar.admin, { Host: 'sidecar.corp.test:9921' })).status).toBe(200);
    expect((await reload(sidecar.admin, { Host: 'other.corp.test' })).status).toBe(403);
  });

  it('takes no GET, which any page can cause', async () => {
    const { sidecar } = await startPair();
    expect((await ask(sidecar.admin, '/-/reload')).status).toBe(405);
  });
});

describe.each(['/', '/api/servers'])('the status at %s', (path) => {
  it('is shown to no page from elsewhere, whatever its name leads to', async () => {
    const { sidecar } = await startPair();
    for (const headers of foreign) {
      const answer = await ask(sidecar.admin, path, { headers });
      expect({ headers, status: answer.status }).toEqual({ headers, status: 403 });
      expect(answer.body).toMatch(/^policy_denied: [^\n]+\nhint: [^\n]+\n$/);
    }
  });

  it('is shown to our own names', async () => {
    const { sidecar } = await startPair();
    for (const headers of own) {
      const answer = await ask(sidecar.admin, path, { headers });
      expect({ headers, status: answer.status }).toEqual({ headers, status: 200 });
      expect(answer.header('cache-control')).toBe('no-store');
      expect(answer.header('cross-origin-resource-policy')).toBe('same-origin');
    }
  });

  it('takes GET and HEAD alone', async () => {
    const { sidecar } = await startPair();
    expect((await ask(sidecar.admin, path, { method: 'HEAD' })).status).toBe(200);
    const refused = await ask(sidecar.admin, path, { method: 'POST' });
    expect([refused.status, refused.header('allow')]).toEqual([405, 'GET']);
  });
});
