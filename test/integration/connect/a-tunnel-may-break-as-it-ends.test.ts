import { once } from 'node:events';
import type { Socket } from 'node:net';
import { expect, it } from 'vitest';
import { Failure } from '../../../src/failure.ts';
import { joinSockets } from '../../../src/proxy/join.ts';
import { connectTo } from '../../harness/open-tunnel.ts';
import { startRawTcp } from '../../harness/raw-upstream.ts';

/** Both ends of a connection. */
async function connected(): Promise<{ near: Socket; far: Socket }> {
  const accepted = Promise.withResolvers<Socket>();
  const { port } = await startRawTcp((socket) => accepted.resolve(socket));
  const far = connectTo(`127.0.0.1:${port}`);
  return { near: await accepted.promise, far };
}

it('in the very turn in which its client ends, and both of its sockets are closed', async () => {
  const [client, upstream] = [await connected(), await connected()];
  const controller = new AbortController();
  const failure = new Failure('draining', 'response');
  const carried = { requestBytes: 0, responseBytes: 0 };
  const { signal } = controller;
  const joined = joinSockets(client.near, upstream.near, { signal, carried });
  const closed = [client, upstream].map(({ near }) => once(near, 'close'));
  // The end has just been passed on, and the system is not done with that yet: it refuses a reset now.
  client.near.once('end', () => controller.abort(failure));
  client.far.end();
  upstream.far.resume();
  expect(await joined).toBe(failure);
  await Promise.all(closed);
});
