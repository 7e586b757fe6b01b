import { describe, expect, it } from 'vitest';
import { createCa } from '../../../certs-fixtures/create-ca.ts';
import type { FailureReason } from '../../../src/failure.ts';
import { configText } from '../../harness/config-text.ts';
import { expectFailure } from '../../harness/expect-failure.ts';
import { openTunnel } from '../../harness/open-tunnel.ts';
import { parseResponses } from '../../harness/parse-responses.ts';
import { poll } from '../../harness/poll.ts';
import { refusingPort, startRawTcp, startRawUpstream } from '../../harness/raw-upstream.ts';
import { startInProcess, type InProcessOptions } from '../../harness/start-in-process.ts';
import {
  entryOf,
  leaf,
  outcomes,
  server,
  startSocketUpstream,
  untilNothingIsOpen,
  ways,
  waysThrough,
  type Protocol,
} from './websocket-setup.ts';

const expired = createCa().issue('mcp.test', { notAfter: new Date(Date.now() - 86_400_000) });

interface Situation {
  readonly what: string;
  readonly reason: FailureReason;
  readonly protocols?: readonly Protocol[];
  /** Where the server listens, or does not. */
  readonly port: () => Promise<number>;
  readonly entry?: Readonly<Record<string, unknown>>;
  readonly lookup?: InProcessOptions['lookup'];
}

const anywhere = () => Promise.resolve(443);
const listening = () => startRawUpstream({ leaf, onConnection: () => undefined }).then(({ port }) => port);

const situations: readonly Situation[] = [
  {
    what: 'a name that does not exist',
    reason: 'dns_failed',
    port: anywhere,
    lookup: () => Promise.reject(Object.assign(new Error('no such name'), { code: 'ENOTFOUND' })),
  },
  {
    what: 'a resolver that is silent',
    reason: 'dns_timeout',
    port: anywhere,
    lookup: () => new Promise(() => undefined),
  },
  { what: 'a port that refuses', reason: 'connect_refused', port: refusingPort },
  {
    what: 'a name that leads to metadata',
    reason: 'address_prohibited',
    port: anywhere,
    lookup: () => Promise.resolve([{ address: '169.254.169.254', family: 4 }]),
  },
  {
    what: 'a handshake that stalls',
    reason: 'tls_timeout',
    protocols: ['https'],
    port: () => startRawTcp(() => undefined).then(({ port }) => port),
  },
  {
    what: 'a certificate of another CA',
    reason: 'tls_cert_issuer_unknown',
    protocols: ['https'],
    port: listening,
    entry: { ssl_verify: createCa().pem },
  },
  {
    what: 'an expired certificate',
    reason: 'tls_cert_expired',
    protocols: ['https'],
    port: () => startRawUpstream({ leaf: expired, onConnection: () => undefined }).then(({ port }) => port),
    entry: { ssl_verify: expired.chain },
  },
  {
    what: 'a server that leaves without an answer',
    reason: 'connection_lost',
    port: () => startSocketUpstream('http', ({ leave }) => leave()).then(({ port }) => port),
    protocols: ['http'],
  },
];

const cases = ways.flatMap((way) =>
  situations
    .filter(({ protocols }) => protocols?.includes(way.protocol) !== false)
    .map((situation) => ({ ...situation, way, name: `${situation.what}, ${way.name}` })),
);

describe('a WebSocket that cannot be had for', () => {
  it.each(cases)('$name: $reason', async ({ way, reason, port, entry, lookup }) => {
    const authority = `mcp.test:${await port()}`;
    const sidecar = await startInProcess({
      config: configText(
        { [server]: { ...entryOf(way.protocol, authority), ...entry } },
        { timeouts: { dial: '500ms' } },
      ),
      ...(lookup && { lookup }),
    });
    const { open, head } = waysThrough(sidecar, authority);
    const client = await open(way);
    client.write(`${head(way)}\x81\x02hi`);
    await client.untilEnded();
    const [response] = parseResponses(client.received);
    await expectFailure(response, sidecar, { server, reason });
    expect(response?.header('connection')).toBe('close');
    expect(outcomes(sidecar).length).toBe(1);
    if (reason.startsWith('tls_'))
      expect(
        await sidecar.metric('mcp_tls_sidecar_upstream_handshake_failures_total', { server, reason }),
      ).toBe(1);
    await untilNothingIsOpen(sidecar);
  });
});

it('a WebSocket to a host without an entry is policy_denied in absolute form, as any request is', async () => {
  const upstream = await startSocketUpstream('http');
  const sidecar = await startInProcess({ config: configText({}) });
  const authority = `unlisted.test:${upstream.port}`;
  const { open, head } = waysThrough(sidecar, authority);
  const way = ways.find(({ route }) => route.name === 'absolute form');
  if (way === undefined) throw new Error('no such route');
  const client = await open(way);
  client.write(head(way));
  await client.untilEnded();
  await expectFailure(parseResponses(client.received)[0], sidecar, {
    server: 'unlisted',
    reason: 'policy_denied',
  });
  expect(upstream.connections).toBe(0);
});

it.each(['http://evil.test', 'null', 'http://127.0.0.1.evil.test'])(
  'a WebSocket of a web page of %s is policy_denied on the base URL',
  async (origin) => {
    const upstream = await startSocketUpstream('http');
    const authority = `mcp.test:${upstream.port}`;
    const sidecar = await startInProcess({ config: configText({ [server]: entryOf('http', authority) }) });
    const { open, head } = waysThrough(sidecar, authority);
    const [way] = ways;
    if (way === undefined) throw new Error('no way');
    const client = await open(way);
    client.write(head(way, { headers: `Origin: ${origin}\r\n` }));
    await client.untilEnded();
    await expectFailure(parseResponses(client.received)[0], sidecar, {
      server: 'unlisted',
      reason: 'policy_denied',
    });
    expect(upstream.connections).toBe(0);
  },
);

it('a WebSocket inside a CONNECT for another authority is refused with 421', async () => {
  const upstream = await startSocketUpstream('http');
  const authority = `mcp.test:${upstream.port}`;
  const sidecar = await startInProcess({ config: configText({ [server]: entryOf('http', authority) }) });
  const { socket } = await openTunnel(sidecar.proxy, authority);
  let received = '';
  socket.on('data', (chunk: Buffer) => (received += chunk.toString('latin1')));
  socket.write(
    'GET /ws HTTP/1.1\r\nHost: other.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: eA==\r\n\r\n',
  );
  await poll(() => socket.readableEnded, { what: 'the end of the connection' });
  await expectFailure(parseResponses(received)[0], sidecar, {
    server,
    reason: 'request_malformed',
    status: 421,
  });
  expect(upstream.connections).toBe(0);
});
