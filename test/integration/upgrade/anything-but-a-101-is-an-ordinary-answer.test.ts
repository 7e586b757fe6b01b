import { describe, expect, it } from 'vitest';
import { parseResponses } from '../../harness/parse-responses.ts';
import { poll } from '../../harness/poll.ts';
import {
  openCounts,
  outcomes,
  server,
  startBefore,
  startSocketUpstream,
  untilNothingIsOpen,
  ways,
} from './websocket-setup.ts';

describe.each(ways)('a server that grants no WebSocket, by $name', (way) => {
  async function answeredWith(answer: string, sentAlong = '') {
    const upstream = await startSocketUpstream(way.protocol, ({ write }) => write(answer));
    const { sidecar, open, head, authority } = await startBefore(upstream, way.protocol);
    const client = await open(way);
    client.write(head(way) + sentAlong);
    await client.untilEnded();
    const [response] = parseResponses(client.received);
    if (response === undefined) throw new Error('no response');
    return { response, sidecar, upstream, authority };
  }

  it('is passed on with its 401 and body, and the connection closes', async () => {
    const { response, sidecar, upstream } = await answeredWith(
      'HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Bearer\r\nContent-Length: 6\r\n\r\nlog in',
    );
    expect(response).toMatchObject({ status: 401, body: 'log in', complete: true });
    expect(response.header('www-authenticate')).toBe('Bearer');
    expect(response.header('connection')).toBe('close');
    await poll(() => outcomes(sidecar).length === 1, { what: 'a log line' });
    expect(outcomes(sidecar)).toMatchObject([{ server, status: 401, msg: 'request' }]);
    expect(await openCounts(sidecar)).toMatchObject({ streams: 0 });
    (await upstream.peer()).leave();
    await untilNothingIsOpen(sidecar);
  });

  it('is passed on with its 200 in chunks', async () => {
    const { response } = await answeredWith(
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n',
    );
    expect(response).toMatchObject({ status: 200, body: 'abc', complete: true });
  });

  it('is passed on whole to a client that has sent a megabyte of frames already', async () => {
    const body = 'x'.repeat(300_000);
    const { response } = await answeredWith(
      `HTTP/1.1 403 Forbidden\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
      'f'.repeat(1_000_000),
    );
    expect(response.status).toBe(403);
    expect(response.body.length).toBe(body.length);
  });

  it('is passed on with its redirect, which leads back to the sidecar on a base URL', async () => {
    const upstream = await startSocketUpstream(way.protocol, ({ write }) =>
      write(
        `HTTP/1.1 307 Temporary Redirect\r\nLocation: ${way.protocol}://${authority}/other\r\nContent-Length: 0\r\n\r\n`,
      ),
    );
    const { open, head, authority } = await startBefore(upstream, way.protocol);
    const client = await open(way);
    client.write(head(way));
    await client.untilEnded();
    const [response] = parseResponses(client.received);
    expect(response?.status).toBe(307);
    expect(response?.header('location')).toBe(
      way.route.name === 'base URL' ? `/${server}/other` : `${way.protocol}://${authority}/other`,
    );
  });
});
