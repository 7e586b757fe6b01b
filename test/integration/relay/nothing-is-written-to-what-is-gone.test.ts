import { IncomingMessage, ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { expect, it } from 'vitest';
import { Cancellation } from '../../../src/proxy/cancellation.ts';
import { StreamedBody } from '../../../src/downstream/streamed-body.ts';
import { exchange } from '../../../src/proxy/exchange.ts';
import { RequestBody } from '../../../src/proxy/request-body.ts';
import { Connection } from '../../../src/upstream/connection.ts';
import { cleanUp } from '../../harness/clean-up.ts';
import { poll } from '../../harness/poll.ts';
import { startRawTcp } from '../../harness/raw-upstream.ts';

it.each([
  ['by an end', (peer: { end(): unknown }) => void peer.end()],
  ['by a reset', (peer: { resetAndDestroy(): unknown }) => void peer.resetAndDestroy()],
])(
  'a connection that went %s before its request is lost, and the request may go elsewhere',
  async (_, end) => {
    let received = 0;
    const { port } = await startRawTcp((peer) => {
      peer.on('error', () => undefined).on('data', () => received++);
      end(peer);
    });
    const socket = connect(port, '127.0.0.1');
    cleanUp(() => socket.destroy());
    const connection = new Connection(
      { socket, connectMs: 0, handshakeMs: 0, isForwarded: false },
      { authority: { host: 'mcp.test', port }, server: 'dev', headerBytes: 65_536 },
    );
    await poll(() => connection.closed, { what: 'the end of the connection' });
    const incoming = new IncomingMessage(socket);
    const source = new StreamedBody(incoming);
    const carried = { requestBytes: 0, responseBytes: 0 };
    const result = await exchange({
      connection,
      request: { method: 'GET', head: '', body: new RequestBody(source, 0, carried) },
      asked: incoming,
      response: new ServerResponse(incoming),
      policy: {
        readsBody: false,
        known: () => undefined,
        head: (raw) => [...raw],
        filter: () => undefined,
        passed: () => undefined,
      },
      isUpgrade: false,
      responseTimeoutMs: 0,
      cancellation: new Cancellation(),
      carried,
    });
    expect(result).toMatchObject({ unsent: true, status: undefined, failure: { reason: 'connection_lost' } });
    expect(received).toBe(0);
  },
);
