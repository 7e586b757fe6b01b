import { Agent, request, type ServerResponse } from 'node:http';
import { expect, test } from 'vitest';
import { createCa } from '../../../certs-fixtures/create-ca.ts';
import { configText } from '../../harness/config-text.ts';
import { poll } from '../../harness/poll.ts';
import { startSidecar, type SidecarProcess } from '../../harness/sidecar-process.ts';
import { startUpstream } from '../../harness/tls-upstream.ts';

const requests = 10_000;
/** None or one as this is written; 35 to 38 with V8's own rule. */
const atMost = 10;

async function majorCollections(sidecar: SidecarProcess): Promise<number> {
  const count = (kind: string) => sidecar.metric('nodejs_gc_duration_seconds_count', { kind });
  return ((await count('major')) ?? 0) + ((await count('incremental')) ?? 0);
}

function call(agent: Agent, url: string): Promise<void> {
  return new Promise((resolve, reject) => {
    request(url, { agent }, (response) => void response.resume().once('end', resolve))
      .once('error', reject)
      .end();
  });
}

test(
  'one client after its answers costs the sidecar hardly a full collection',
  { timeout: 60_000 },
  async () => {
    const ca = createCa();
    const handler = (_: unknown, response: ServerResponse) => response.end('{}');
    const upstream = await startUpstream({ leaf: ca.issue(['localhost']), handler });
    const config = configText(
      { dev: { url: `https://localhost:${upstream.port}/`, ssl_verify: ca.pem } },
      { log: { requests: 'failures' } },
    );
    const sidecar = await startSidecar({ config });
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    // That which gives back what the start needed.
    await poll(async () => (await majorCollections(sidecar)) > 0, { what: 'the first', everyMs: 200 });
    const before = await majorCollections(sidecar);
    for (let sent = 0; sent < requests; sent++) await call(agent, `http://${sidecar.proxy}/dev/mcp`);
    const collections = (await majorCollections(sidecar)) - before;
    agent.destroy();
    process.stdout.write(`${requests} requests, ${collections} full collections\n`);
    expect(collections).toBeLessThanOrEqual(atMost);
  },
);
