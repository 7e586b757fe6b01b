import type { ClientRequest, ServerResponse } from 'node:http';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { createCa } from '../../../certs-fixtures/create-ca.ts';
import { ask, openRequest } from '../../harness/ask.ts';
import { poll } from '../../harness/poll.ts';
import { loopbackLookup, startInProcess } from '../../harness/start-in-process.ts';
import { temporaryDirectory } from '../../harness/temporary-directory.ts';
import { startUpstream } from '../../harness/tls-upstream.ts';
import {
  callAll,
  corporatePem,
  find,
  readStatus,
  startFewServers,
  strangerPem,
  type FewServers,
} from './a-few-servers.ts';

/** Opens a stream from a server, which the server ends in good order when it is told to. */
async function openStream(few: FewServers, name: string): Promise<() => Promise<void>> {
  const held: ServerResponse[] = [];
  few.servers[name]?.server.removeAllListeners('request').on('request', (_, response: ServerResponse) => {
    held.push(response);
    response.writeHead(200, { 'content-type': 'text/event-stream' }).write(': open\n\n');
  });
  const stream: ClientRequest = await openRequest(few.sidecar.proxy, `/${name}/mcp`);
  let ended = false;
  stream.on('response', (response) => response.resume().once('end', () => (ended = true))).end();
  await poll(() => held.length === 1);
  return async () => {
    held[0]?.end();
    await poll(() => ended);
    await poll(async () => find(await readStatus(few.sidecar), name).open_streams === 0);
  };
}

it('a stream from before that ends well does not make a server good that cannot be reached any more', async () => {
  const few = await startFewServers();
  const endStream = await openStream(few, 'jira');
  few.servers['jira']?.server.close();
  await callAll(few, ['jira']);
  expect(find(await readStatus(few.sidecar), 'jira').health).toBe('failing');
  await endStream();
  expect(find(await readStatus(few.sidecar), 'jira')).toMatchObject({
    health: 'failing',
    last_failure: { reason: 'connect_refused', is_current: true },
  });
});

it('a stream that ends well says nothing of the policy that has come since it began', async () => {
  const few = await startFewServers();
  few.sidecar.writeConfig(few.configText(strangerPem));
  await few.sidecar.reload();
  const endStream = await openStream(few, 'lab');
  expect(find(await readStatus(few.sidecar), 'lab').health).toBe('good');
  few.sidecar.writeConfig(few.configText(corporatePem));
  await few.sidecar.reload();
  await endStream();
  // Not a word of the bundle that has come: it never verified anything.
  expect(find(await readStatus(few.sidecar), 'lab')).toMatchObject({
    health: 'unknown',
    diagnosis: null,
    chain: null,
  });
});

it('a chain that was seen while it was not verified is not said to be verified once it is to be', async () => {
  const ca = createCa();
  const { port } = await startUpstream({ leaf: createCa().issue('mcp.test') });
  const config = (trust: string | false) =>
    JSON.stringify({ mcp_servers: { dev: { url: `https://mcp.test:${port}/mcp`, ssl_verify: trust } } });
  const sidecar = await startInProcess({ config: config(false) });
  await ask(sidecar.proxy, '/dev/mcp');
  expect(find(await readStatus(sidecar), 'dev').diagnosis?.sentence).toMatch(/^verification is off/);
  sidecar.writeConfig(config(ca.pem));
  await sidecar.reload();
  expect(find(await readStatus(sidecar), 'dev')).toMatchObject({ health: 'unknown', diagnosis: null });
});

it('an entry that lives on the last good bytes of its file keeps what was seen of it: it goes by them still', async () => {
  const ca = createCa();
  const bundle = join(temporaryDirectory(), 'ca.pem');
  writeFileSync(bundle, ca.pem);
  const { port } = await startUpstream({ leaf: ca.issue('mcp.test') });
  const dev = { url: `https://mcp.test:${port}/mcp`, ssl_verify: bundle };
  const sidecar = await startInProcess({ config: JSON.stringify({ mcp_servers: { dev } }) });
  await ask(sidecar.proxy, '/dev/mcp');
  writeFileSync(bundle, '');
  await sidecar.reload();
  expect(find(await readStatus(sidecar), 'dev')).toMatchObject({
    health: 'warning',
    state: 'stale',
    diagnosis: { cause: 'none' },
    chain: { anchored: true },
    problems: [{ severity: 'error' }],
  });
});

it('of a wildcard it names the host that failed, not the one that was reached before', async () => {
  const ca = createCa();
  const { port } = await startUpstream({ leaf: ca.issue('a.wild.test') });
  const sidecar = await startInProcess({
    config: JSON.stringify({
      mcp_tls_sidecar: { hosts: { [`*.wild.test:${port}`]: { ssl_verify: ca.pem } } },
    }),
    lookup: (host) =>
      host === 'b.wild.test' ? Promise.reject(new Error('ENOTFOUND')) : loopbackLookup(host),
  });
  await ask(sidecar.proxy, `http://a.wild.test:${port}/mcp`);
  await ask(sidecar.proxy, `http://b.wild.test:${port}/mcp`);
  expect(find(await readStatus(sidecar), `*.wild.test:${port}`)).toMatchObject({
    health: 'failing',
    last_failure: { reason: 'dns_failed' },
    diagnosis: { cause: 'name_unresolved', sentence: 'b.wild.test: its name cannot be resolved' },
  });
});
