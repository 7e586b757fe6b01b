import { writeFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { pipeline } from 'node:stream';
import { connect } from 'node:tls';
import { expect, it } from 'vitest';
import { createCa } from '../../../certs-fixtures/create-ca.ts';
import { configText } from '../../harness/config-text.ts';
import { listen } from '../../harness/listen.ts';
import { startEverything } from '../../harness/mcp-upstream.ts';
import { startInProcess } from '../../harness/start-in-process.ts';
import { temporaryDirectory } from '../../harness/temporary-directory.ts';
import { startUpstream } from '../../harness/tls-upstream.ts';
import { createConformanceServer } from './conformance-server.ts';
import { runConformance, summarize, type Report } from './run-conformance.ts';
import { serveSessions } from './serve-sessions.ts';

const root = createCa();
const leaf = root.issue(['localhost', '127.0.0.1'], { authorityKeyIdentifier: false });
const timeoutMs = 200_000;
const rebinding = 'dns-rebinding-protection';

/**
 * The bytes inside of the server's TLS, on a port of its own: over https the suite would send the foreign name of
 * its rebinding scenario as SNI, and stumble over the certificate before the server has a say.
 */
async function openPlainDoor(port: number): Promise<number> {
  const door = createServer((socket) => {
    const inner = connect({ port, host: '127.0.0.1', servername: 'localhost', ca: root.pem });
    pipeline(socket, inner, socket, () => undefined);
  });
  return (await listen(door)).port;
}

/** The same server, and the same suite, straight and through the sidecar. */
async function runTwice(port: number): Promise<{ direct: Report; through: Report }> {
  const caFile = join(temporaryDirectory(), 'ca.pem');
  writeFileSync(caFile, root.pem);
  const url = `https://localhost:${port}/mcp`;
  const sidecar = await startInProcess({ config: configText({ dev: { url, ssl_verify: caFile } }) });
  const direct = await runConformance(`http://localhost:${await openPlainDoor(port)}/mcp`);
  const relayed = () => sidecar.metric('mcp_tls_sidecar_requests_total', { server: 'dev' });
  expect(await relayed()).toBe(undefined);
  const through = await runConformance(`${sidecar.proxyUrl}/dev/mcp`);
  expect(await relayed()).toBeGreaterThan(100);
  return { direct, through };
}

const passed = (report: Report) =>
  Object.values(report).filter((checks) => checks.every(({ status }) => /SUCCESS|INFO/.test(status))).length;

it(
  'finds all good with a server that has what it asks for',
  async () => {
    const serve = serveSessions(createConformanceServer);
    const upstream = await startUpstream({
      leaf,
      recordBodies: false,
      handler: (request, response) => {
        if (!isLocal(request.headers.host) || !isLocal(request.headers.origin)) {
          deny(response);
          return;
        }
        serve(request, response).catch((error: unknown) => response.destroy(error as Error));
      },
    });
    const { direct, through } = await runTwice(upstream.port);
    process.stdout.write(`conformance, through the sidecar:\n${summarize(through)}\n`);
    expect(through).toEqual(direct);
    expect(Object.keys(through).length).toBeGreaterThanOrEqual(32);
    expect(Object.values(through).flat()).not.toContainEqual(expect.objectContaining({ status: 'FAILURE' }));
    expect(passed(through)).toBeGreaterThanOrEqual(31);
  },
  timeoutMs,
);

it(
  'finds the same with the reference server, but that it is safe from DNS rebinding now',
  async () => {
    const everything = await startEverything({ leaf, transport: 'streamableHttp' });
    const { direct, through } = await runTwice(everything.port);
    process.stdout.write(`server-everything, through the sidecar:\n${summarize(through)}\n`);
    const { [rebinding]: exposed, ...directOthers } = direct;
    const { [rebinding]: safe, ...throughOthers } = through;
    expect(throughOthers).toEqual(directOthers);
    expect(Object.keys(throughOthers).length).toBeGreaterThanOrEqual(31);
    expect(passed(throughOthers)).toBeGreaterThanOrEqual(10);
    // The server takes any Host and Origin; base-URL routes do not, whatever stands behind them.
    const error = 'Expected HTTP 4xx for invalid Host/Origin headers, got 200';
    expect(exposed).toMatchObject([{ status: 'FAILURE', error }, { status: 'SUCCESS' }]);
    expect(safe).toMatchObject([{ status: 'SUCCESS' }, { status: 'SUCCESS' }]);
  },
  timeoutMs,
);

/** As the suite wants it of a server on localhost. */
function isLocal(hostOrOrigin = 'localhost'): boolean {
  return /^(?:https?:\/\/)?(?:localhost|127\.0\.0\.1)(?::\d+)?$/.test(hostOrOrigin);
}

function deny(response: ServerResponse): void {
  response.writeHead(403).end();
}
