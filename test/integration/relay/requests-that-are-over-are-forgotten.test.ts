import { writeFileSync } from 'node:fs';
import { Agent, request, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createCa } from '../../../certs-fixtures/create-ca.ts';
import { configText } from '../../harness/config-text.ts';
import { startSidecar, type SidecarProcess } from '../../harness/sidecar-process.ts';
import { temporaryDirectory } from '../../harness/temporary-directory.ts';
import { startUpstream } from '../../harness/tls-upstream.ts';

const connections = 16;
const requests = 4_000;
/**
 * What a request may leave in old space, where it stays until the next full collection: 30 as this is written, 4,200
 * while a Set kept the requests under way.
 */
const maxBytes = 700;

/** A call and its answer. */
function call(agent: Agent, url: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const headers = { 'Content-Type': 'application/json' };
    request(
      url,
      { agent, method: 'POST', headers },
      (response) => void response.resume().once('end', resolve),
    )
      .once('error', reject)
      .end('{"jsonrpc":"2.0","id":1,"method":"tools/list"}');
  });
}

async function load(agent: Agent, url: string): Promise<void> {
  const client = async () => {
    for (let sent = 0; sent < requests / connections; sent++) await call(agent, url);
  };
  await Promise.all(Array.from({ length: connections }, client));
}

async function heap(sidecar: SidecarProcess): Promise<{ oldBytes: number; collections: number }> {
  return {
    oldBytes: (await sidecar.metric('nodejs_heap_space_size_used_bytes', { space: 'old' })) ?? NaN,
    collections: (await sidecar.metric('nodejs_gc_duration_seconds_count', { kind: 'major' })) ?? 0,
  };
}

test('a request that is over is garbage at once: it does not wait for a full collection', async () => {
  const ca = createCa();
  const caFile = join(temporaryDirectory(), 'ca.pem');
  writeFileSync(caFile, ca.pem);
  const handler = (_: unknown, response: ServerResponse) => response.end('{}');
  const upstream = await startUpstream({ leaf: ca.issue(['localhost']), handler });
  const servers = { server: { url: `https://localhost:${upstream.port}/`, ssl_verify: caFile } };
  const sidecar = await startSidecar({ config: configText(servers, { log: { requests: 'failures' } }) });
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const url = `http://${sidecar.proxy}/server/mcp`;
  // The first of them are compiled as they run, which takes memory of its own.
  for (let round = 0; round < 2; round++) await load(agent, url);
  let bytes = NaN;
  // A full collection in between hides what it freed: then once more.
  for (let attempt = 0; attempt < 10 && Number.isNaN(bytes); attempt++) {
    const before = await heap(sidecar);
    await load(agent, url);
    const after = await heap(sidecar);
    if (after.collections === before.collections) bytes = (after.oldBytes - before.oldBytes) / requests;
  }
  agent.destroy();
  process.stdout.write(`a request leaves ${bytes.toFixed(0)} bytes in old space\n`);
  expect(bytes).toBeLessThan(maxBytes);
});
