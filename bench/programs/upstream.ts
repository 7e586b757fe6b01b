/**
 * The server behind every proxy of the benchmark: small JSON for a POST (after which it closes the connection if the
 * path says so), a long body at /bulk, and an event stream that stays open for any other GET.
 * argv: certificate file, key file, length of the long body. Its port is sent to the parent.
 */
import { readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { answers } from './messages.ts';

const [, , certificateFile = '', keyFile = '', bulkBytes = ''] = process.argv;
const chunk = Buffer.alloc(65_536);

const server = createServer(
  {
    cert: readFileSync(certificateFile),
    key: readFileSync(keyFile),
    minVersion: 'TLSv1.3',
    keepAliveTimeout: 120_000,
  },
  (request, response) => {
    if (request.method !== 'GET') request.resume().on('end', () => reply(request, response));
    else if (request.url === '/bulk') sendBulk(response, Number(bulkBytes));
    else openStream(response);
  },
);
server.listen({ port: 0, host: '127.0.0.1', backlog: 1024 }, () =>
  process.send?.({ port: (server.address() as AddressInfo).port }),
);
process.once('disconnect', () => process.exit());

function reply({ url, headers }: IncomingMessage, response: ServerResponse): void {
  if (url?.endsWith('/close') === true) response.shouldKeepAlive = false;
  const answer = answers.get(Number(headers['content-length'])) ?? '';
  response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': answer.length });
  response.end(answer);
}

function openStream(response: ServerResponse): void {
  response.writeHead(200, { 'Content-Type': 'text/event-stream' });
  response.write('event: message\ndata: {"hello":"world"}\n\n');
}

function sendBulk(response: ServerResponse, length: number): void {
  response.writeHead(200, { 'Content-Type': 'application/octet-stream', 'Content-Length': length });
  const chunks = Array.from({ length: Math.floor(length / chunk.length) }, () => chunk);
  Readable.from([...chunks, chunk.subarray(0, length % chunk.length)]).pipe(response);
}
