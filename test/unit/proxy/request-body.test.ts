import { createServer, request, type IncomingMessage } from 'node:http';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { cleanUp } from '../../harness/clean-up.ts';
import { listen } from '../../harness/listen.ts';
import { StreamedBody } from '../../../src/downstream/streamed-body.ts';
import { RequestBody } from '../../../src/proxy/request-body.ts';

/** A request as node:http hands it out, once all of its body has come. */
async function received(body: string): Promise<IncomingMessage> {
  const taken = Promise.withResolvers<IncomingMessage>();
  const server = createServer((incoming) => taken.resolve(incoming));
  const { port } = await listen(server);
  const outgoing = request({ port, method: 'POST', headers: { 'Content-Length': body.length } });
  cleanUp(() => outgoing.destroy());
  outgoing.on('error', () => undefined).end(body);
  const incoming = await taken.promise;
  for (let turn = 0; turn < 1_000 && incoming.readableLength < body.length; turn++) await nextTurn();
  return incoming;
}

it('is remembered for the reply of a failure, and forgotten once there can be none', async () => {
  const carried = { requestBytes: 0, responseBytes: 0 };
  const body = new RequestBody(new StreamedBody(await received('{"id":1}')), 8, carried);
  expect(body.takeWhole()?.toString()).toBe('{"id":1}');
  await nextTurn();
  expect((await body.prefix())?.toString()).toBe('{"id":1}');
  body.forget();
  expect(await body.prefix()).toBeUndefined();
  expect(carried.requestBytes).toBe(8);
});
