import path from 'node:path';
import { format, resolveConfig } from 'prettier';
import { beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { statusDocument, type StatusDocument } from '../../../src/status/status-document.ts';
import { ask } from '../../harness/ask.ts';
import { poll } from '../../harness/poll.ts';
import { callAll, find, leaves, readStatus, secret, startFewServers, strangerPem } from './a-few-servers.ts';

describe('/api/servers', () => {
  let status: StatusDocument;
  let text: string;

  beforeAll(async () => {
    const few = await startFewServers();
    await callAll(few, ['jira', 'billing', 'search', 'lab', 'vendor', 'archive']);
    status = await readStatus(few.sidecar);
    text = JSON.stringify(status);
    return () => few.sidecar.close();
  });

  it('has every entry, in the order of the configuration', () => {
    expect(status.servers.map(({ name, kind }) => `${kind} ${name}`)).toEqual([
      ...['jira', 'billing', 'search', 'lab', 'vendor', 'wiki', 'archive'].map((name) => `server ${name}`),
      'host *.internal.test',
      'host pypi.test',
    ]);
  });

  it('of a server that works: its trust, its last handshake, its chain with the days that are left', () => {
    const jira = find(status, 'jira');
    expect(jira).toMatchObject({
      health: 'good',
      state: 'usable',
      policy: { verification: 'on', trust: { anchors: 1 } },
      last_handshake: { resumed: false },
      last_failure: null,
      diagnosis: { cause: 'none' },
      chain: { anchored: true, certificates: [{ days_left: 80, from: 'server' }, { from: 'bundle' }] },
      open_connections: 1,
    });
    expect(jira.policy.words).toBe('verified by inline PEM (1 certificate)');
    expect(jira.chain?.certificates[0]?.not_after).toBe(
      `${leaves.good.notAfter.toISOString().slice(0, 19)}.000Z`,
    );
  });

  it('of one whose certificate has expired: the reason, what it presented, and a message to its owner', () => {
    const billing = find(status, 'billing');
    expect(billing).toMatchObject({
      health: 'failing',
      last_failure: { reason: 'tls_cert_expired', phase: 'handshake', is_current: true },
      diagnosis: { cause: 'leaf_expired', fault: 'server' },
      chain: { certificates: [{ days_left: -3 }, {}] },
    });
    expect(billing.diagnosis?.remedy.find(({ kind }) => kind === 'message')?.text).toContain(
      'TLS of billing.corp.test',
    );
  });

  it('of one behind another CA: which one, though Node refused its chain', () => {
    expect(find(status, 'lab')).toMatchObject({
      health: 'failing',
      last_failure: { reason: 'tls_cert_issuer_unknown' },
      diagnosis: { cause: 'private_ca_not_in_bundle', fault: 'configuration' },
      chain: { anchored: false, certificates: [{}, { issuer: 'CN=Lab Root CA' }] },
    });
  });

  it('of one whose certificate ends soon', () => {
    expect(find(status, 'search')).toMatchObject({ health: 'warning', diagnosis: { cause: 'expires_soon' } });
  });

  it('of one that is not verified: until when, why, and what that hides', () => {
    const vendor = find(status, 'vendor');
    expect(vendor).toMatchObject({
      health: 'warning',
      policy: {
        verification: 'off',
        insecure_until: '2099-01-01T00:00:00.000Z',
        insecure_reason: 'the vendor renews it in spring',
        words: 'NOT verified until 2099-01-01 00:00 UTC (ssl_verify: false)',
      },
    });
    expect(vendor.diagnosis?.sentence).toMatch(/^verification is off, and this is what it hides: /);
    // As OpenSSL writes names (RFC 2253): markup all the same, for a page that does not take care.
    expect(vendor.chain?.certificates[0]?.subject).toContain('<img src=x onerror=');
  });

  it('of one that nobody called: that nothing is known', () => {
    expect(find(status, 'wiki')).toMatchObject({
      health: 'unknown',
      last_handshake: null,
      last_failure: null,
      diagnosis: null,
      chain: null,
    });
  });

  it('of one that cannot be used: the problem with its place and hint', () => {
    const archive = find(status, 'archive');
    expect(archive).toMatchObject({
      health: 'failing',
      state: 'unusable',
      policy: { verification: 'unusable' },
    });
    expect(archive.problems[0]).toMatchObject({
      severity: 'error',
      message: expect.stringContaining('ca.pem') as string,
    });
    expect(status.configuration).toMatchObject({
      last_success_at: null,
      last_load: { result: 'failure', refused: false },
    });
  });

  it('of hosts: what becomes of them', () => {
    expect(find(status, '*.internal.test').address).toBe('*.internal.test:443');
    expect(find(status, 'pypi.test').policy.words).toBe(
      'a blind tunnel: the client verifies the server itself',
    );
  });

  it('holds no secret: no query, no header of the configuration', () => {
    expect(text).toContain('jira.corp.test');
    expect(text).not.toContain(secret);
  });

  it('has the schema of docs/status.schema.json (npx vitest run FILE -u writes it anew)', async () => {
    const schema = z.toJSONSchema(statusDocument, {
      // `format` says it already, in two words.
      override: ({ jsonSchema }) => {
        if (jsonSchema.format !== undefined) delete jsonSchema.pattern;
      },
    });
    const file = path.resolve(import.meta.dirname, '../../../docs/status.schema.json');
    const options = await resolveConfig(file);
    await expect(await format(JSON.stringify(schema), { ...options, filepath: file })).toMatchFileSnapshot(
      file,
    );
  });
});

describe('as things change', () => {
  it('a repair is seen at once, and the failure that was is kept', async () => {
    const few = await startFewServers();
    await callAll(few, ['billing']);
    expect(find(await readStatus(few.sidecar), 'billing').health).toBe('failing');
    few.billing.swapCertificate(leaves.renewed);
    await callAll(few, ['billing']);
    expect(find(await readStatus(few.sidecar), 'billing')).toMatchObject({
      health: 'good',
      last_failure: { reason: 'tls_cert_expired', is_current: false },
      diagnosis: { cause: 'none' },
    });
  });

  it('what failed before its entry was changed says nothing of the entry that is there now', async () => {
    const few = await startFewServers();
    await callAll(few, ['lab', 'billing']);
    few.sidecar.writeConfig(few.configText(strangerPem));
    await few.sidecar.reload();
    const changed = await readStatus(few.sidecar);
    expect(find(changed, 'lab')).toMatchObject({ health: 'unknown', last_failure: { is_current: false } });
    expect(find(changed, 'billing')).toMatchObject({ health: 'failing', last_failure: { is_current: true } });
    await callAll(few, ['lab']);
    expect(find(await readStatus(few.sidecar), 'lab')).toMatchObject({
      health: 'good',
      diagnosis: { cause: 'none' },
    });
  });

  it('a file that is refused leaves what is in force, and its problems are told', async () => {
    const few = await startFewServers();
    const { sha256 } = (await readStatus(few.sidecar)).configuration;
    few.sidecar.writeConfig('mcp_servers: {jira: {url: 7}}');
    await few.sidecar.reload();
    const refused = await readStatus(few.sidecar);
    const { configuration, servers } = refused;
    expect(configuration.sha256).toBe(sha256);
    expect(configuration.last_load).toMatchObject({
      result: 'failure',
      refused: true,
      problems: [{ line: 1, severity: 'error' }],
    });
    expect(servers).toHaveLength(9);
    // What spoiled an entry before spoils it still.
    expect(find(refused, 'archive')).toMatchObject({
      health: 'failing',
      problems: [{ message: expect.stringContaining('ca.pem') as string }],
    });
  });

  it('a request that its client malformed is no failure of the server', async () => {
    const few = await startFewServers();
    await callAll(few, ['jira']);
    const refused = await ask(few.sidecar.proxy, '/jira/mcp', { headers: { origin: 'https://evil.test' } });
    expect(refused.status).toBe(403);
    expect(find(await readStatus(few.sidecar), 'jira')).toMatchObject({ health: 'good', last_failure: null });
  });

  it('a server that cannot be reached at all has its reason, without a chain', async () => {
    const few = await startFewServers();
    few.servers['jira']?.server.closeAllConnections();
    await new Promise((resolve) => few.servers['jira']?.server.close(resolve));
    await callAll(few, ['jira']);
    expect(find(await readStatus(few.sidecar), 'jira')).toMatchObject({
      health: 'failing',
      last_failure: { reason: 'connect_refused' },
      diagnosis: { cause: 'connection_refused' },
      chain: null,
    });
  });
});

describe('live, as server-sent events', () => {
  it('tells the state at once and every change', async () => {
    const few = await startFewServers();
    const stream = await fetch(`${few.sidecar.adminUrl}/api/servers`, {
      headers: { accept: 'text/event-stream' },
    });
    expect(stream.headers.get('content-type')).toBe('text/event-stream');
    const events = readEvents(stream);
    expect(find(await nextOf(events), 'jira').health).toBe('unknown');
    await callAll(few, ['jira']);
    await poll(async () => find(await nextOf(events), 'jira').health === 'good');
    await events.return(undefined);
  });

  it('for so many readers and no more', async () => {
    const few = await startFewServers();
    const open = () =>
      fetch(`${few.sidecar.adminUrl}/api/servers`, { headers: { accept: 'text/event-stream' } });
    const answers = await Promise.all(Array.from({ length: 21 }, open));
    expect(answers.map(({ status }) => status).sort()).toEqual([
      ...Array.from({ length: 20 }, () => 200),
      503,
    ]);
    for (const { body } of answers) await body?.cancel();
    await poll(async () => {
      const again = await open();
      await again.body?.cancel();
      return again.status === 200;
    });
  });
});

async function* readEvents({ body }: Response): AsyncGenerator<StatusDocument, undefined> {
  let rest = '';
  for await (const chunk of body ?? []) {
    const events = (rest + Buffer.from(chunk).toString()).split('\n\n');
    rest = events.pop() ?? '';
    for (const event of events)
      if (event.startsWith('data: ')) yield statusDocument.parse(JSON.parse(event.slice(6)));
  }
  return undefined;
}

async function nextOf(events: AsyncGenerator<StatusDocument, undefined>): Promise<StatusDocument> {
  const { value } = await events.next();
  if (value === undefined) throw new Error('the stream has ended');
  return value;
}
