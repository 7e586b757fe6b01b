import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import type { Row } from '../bench.ts';
import { end } from '../processes.ts';
import { renderTable } from '../render.ts';
import { oneServer, startSidecar } from '../subjects/sidecar.ts';
import { ask } from '../world.ts';

/** By what upstream connections the requests of a mixed run went; of every eleventh the server closes its own. */
export const handshakes: Row = {
  name: 'handshakes',
  title: 'upstream handshakes of a mixed run',
  async measure({ world, quick }) {
    const setting = { ...world, upstreamPort: world.server.port };
    const sidecar = await startSidecar(setting, oneServer(setting));
    const { port } = sidecar;
    for (let turn = 0; turn < (quick ? 5 : 20); turn++) {
      await ask(world, { kind: 'post', port, path: '/bench/mcp', connections: 16, requests: 200 });
      await ask(world, { kind: 'post', port, path: '/bench/close', connections: 4, requests: 20 });
    }
    const metrics = await fetchMetrics(sidecar.adminPort);
    await end(sidecar.child);
    const requests = sum(metrics, /^mcp_tls_sidecar_requests_total\{.*server="bench".* (\d+)$/gm);
    const full = sum(metrics, /^mcp_tls_sidecar_upstream_handshakes_total\{.*resumed="false".* (\d+)$/gm);
    const resumed = sum(metrics, /^mcp_tls_sidecar_upstream_handshakes_total\{.*resumed="true".* (\d+)$/gm);
    const shares = {
      'a connection that was warm': requests - full - resumed,
      'a resumed session': resumed,
      'a full handshake': full,
    };
    const findings = Object.entries(shares).map(([how, count]) => ({
      what: `upstream, share of requests by ${how}`,
      values: [(100 * count) / requests],
      unit: '%',
    }));
    const rows = Object.entries(shares).map(([how, count]) => [how, String(count)]);
    return { findings, details: renderTable([`of ${requests} requests by`, ''], rows) };
  },
};

async function fetchMetrics(port: number): Promise<string> {
  const [response] = (await once(get({ host: '127.0.0.1', port, path: '/metrics' }), 'response')) as [
    IncomingMessage,
  ];
  return text(response);
}

function sum(metrics: string, line: RegExp): number {
  return [...metrics.matchAll(line)].reduce((total, [, value]) => total + Number(value), 0);
}
