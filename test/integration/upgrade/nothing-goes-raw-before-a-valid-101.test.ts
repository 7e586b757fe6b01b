import { describe, expect, it } from 'vitest';
import { expectFailure } from '../../harness/expect-failure.ts';
import { parseResponses } from '../../harness/parse-responses.ts';
import { poll } from '../../harness/poll.ts';
import {
  acceptOf,
  key,
  outcomes,
  server,
  startBefore,
  startSocketUpstream,
  untilNothingIsOpen,
  ways,
  type Way,
} from './websocket-setup.ts';

const begin = 'HTTP/1.1 101 Switching Protocols\r\n';
const upgrade = 'Upgrade: websocket\r\nConnection: Upgrade\r\n';
const accept = `Sec-WebSocket-Accept: ${acceptOf(key)}\r\n`;

const lies: readonly [string, string][] = [
  ['the accept of another key', `${begin}${upgrade}Sec-WebSocket-Accept: ${acceptOf('x')}\r\n\r\n`],
  ['no accept', `${begin}${upgrade}\r\n`],
  ['two accepts', `${begin}${upgrade}${accept}${accept}\r\n`],
  ['an accept in lower case', `${begin}${upgrade}${accept.toLowerCase()}\r\n`],
  ['no Upgrade', `${begin}Connection: Upgrade\r\n${accept}\r\n`],
  ['no Connection', `${begin}Upgrade: websocket\r\n${accept}\r\n`],
  ['neither', `${begin}${accept}\r\n`],
  ['another protocol', `${begin}Upgrade: h2c\r\nConnection: Upgrade\r\n${accept}\r\n`],
];

/** A second request, as it would be smuggled past the rules of the first. */
const smuggled = 'GET /smuggled HTTP/1.1\r\nHost: mcp.test\r\n\r\n';

describe.each(ways)('by $name', (way) => {
  it.each(lies)('a 101 with %s is response_malformed', async (_, bytes) => {
    const upstream = await startSocketUpstream(way.protocol, ({ write }) => write(`${bytes}\x81\x02hi`));
    const { sidecar, open, head } = await startBefore(upstream, way.protocol);
    const client = await open(way);
    client.write(head(way) + smuggled);
    await client.untilEnded();
    const [response] = parseResponses(client.received);
    await expectFailure(response, sidecar, { server, reason: 'response_malformed' });
    expect(client.received).not.toContain('\x81\x02hi');
    await untilNothingIsOpen(sidecar);
    expect((await upstream.peer()).rest).toBe('');
    expect(outcomes(sidecar).length).toBe(1);
  });

  it('a 101 that was never asked for is response_malformed', async () => {
    for (const bytes of [`${begin}${upgrade}${accept}\r\n`, `${begin}\r\n`]) {
      const upstream = await startSocketUpstream(way.protocol, ({ write }) => write(bytes));
      const { sidecar, open, head } = await startBefore(upstream, way.protocol);
      const client = await open(way);
      client.write(head(way, { upgrade: '' }));
      await client.until('\r\n\r\n{');
      const [response] = parseResponses(client.received);
      await expectFailure(response, sidecar, { server, reason: 'response_malformed' });
      client.leave();
      await untilNothingIsOpen(sidecar);
    }
  });

  it('what follows the head waits for the answer, and is dropped where that is no 101', async () => {
    const { client, upstream, sidecar } = await held(way);
    const peer = await upstream.peer();
    client.write(smuggled);
    // Another request of the same sidecar is served meanwhile: time for what came to have gone wrong.
    expect((await sidecar.reload()).status).toBe(200);
    expect(peer.rest).toBe('');
    peer.write('HTTP/1.1 400 Bad Request\r\nContent-Length: 2\r\n\r\nno');
    await client.untilEnded();
    expect(parseResponses(client.received)).toMatchObject([{ status: 400, body: 'no' }]);
    expect(peer.rest).toBe('');
    expect(upstream.peers.filter(({ head }) => head.includes('/smuggled'))).toEqual([]);
  });

  it('early hints before the 101 are passed over', async () => {
    const { client, upstream, sidecar } = await held(way);
    (await upstream.peer()).write(
      `HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\n\r\n${begin}${upgrade}${accept}\r\n\x81\x02hi`,
    );
    await client.until('\x81\x02hi');
    expect(client.received).toMatch(/\r\n\r\nHTTP\/1\.1 101 |^HTTP\/1\.1 101 /);
    client.leave();
    await (await upstream.peer()).untilEnded();
    (await upstream.peer()).leave();
    await untilNothingIsOpen(sidecar);
    await poll(() => outcomes(sidecar).length === 1, { what: 'its one log line' });
  });
});

/** A WebSocket that the upstream has been asked for and has not answered. */
async function held(way: Way) {
  const upstream = await startSocketUpstream(way.protocol, () => undefined);
  const { sidecar, open, head } = await startBefore(upstream, way.protocol);
  const client = await open(way);
  client.write(head(way));
  await upstream.peer();
  return { upstream, sidecar, client };
}
