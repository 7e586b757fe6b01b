import { expect, it } from 'vitest';
import { connectTo } from '../../harness/open-tunnel.ts';
import { parseResponses } from '../../harness/parse-responses.ts';
import { poll } from '../../harness/poll.ts';
import { rawClient } from './raw-client.ts';
import { startRelay } from './relay-setup.ts';

const bytes = 300_000;
const body = 'x'.repeat(bytes);
/** Requests that the sidecar answers by itself, before it has read their bodies. */
const answered = [
  { what: 'a well-known path of no server', path: '/.well-known/x', fields: '', status: 404 },
  { what: 'a server that nobody knows', path: '/nobody/mcp', fields: '', status: 500 },
  { what: 'a page of another site', path: '/mcp/', fields: 'Origin: http://evil.test\r\n', status: 403 },
];
const cases = answered.flatMap((request) => [
  { ...request, by: 'its length', field: `Content-Length: ${bytes}`, rest: body },
  {
    ...request,
    by: 'chunks',
    field: 'Transfer-Encoding: chunked',
    rest: `${bytes.toString(16)}\r\n${body}\r\n0\r\n\r\n`,
  },
]);
const next = 'GET /mcp/ HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n';

/** A client that has its answer to the head of a request, and goes on with the body. */
async function startAnswered({ path, fields, field }: (typeof cases)[number]) {
  const { sidecar } = await startRelay((_, response) => response.end('next'));
  const socket = connectTo(sidecar.proxy);
  const client = rawClient({ socket, tcp: socket });
  client.write(`POST ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n${fields}${field}\r\n\r\n`);
  await client.until(/\r\n\r\n/);
  return client;
}

const statuses = (received: string) => parseResponses(received).map(({ status }) => status);

it.each(cases)('$what leaves the connection to the next, behind a body framed by $by', async (what) => {
  const client = await startAnswered(what);
  client.write(what.rest + next);
  await client.until(/next/);
  expect(statuses(client.received)).toEqual([what.status, 200]);
  client.leave();
});

it('where the rest of the body does not come the connection is ended after a while', async () => {
  const clients = await Promise.all(cases.map(startAnswered));
  for (const [index, client] of clients.entries()) client.write(cases[index]?.rest.slice(0, 100_000) ?? '');
  await poll(() => clients.every(({ ended }) => ended), { what: 'their end' });
  expect(clients.map(({ received }) => statuses(received))).toEqual(cases.map(({ status }) => [status]));
});
