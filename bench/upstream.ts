/**
 * The server behind every proxy of the benchmark: small JSON for a POST, an event stream that stays open for a GET.
 * argv: certificate file, key file. Its port is sent to the parent.
 */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';

const [, , certificateFile = '', keyFile = ''] = process.argv;
const answer = Buffer.from(
  `{"jsonrpc":"2.0","id":1,"result":{"content":[{"type":"text","text":"${'x'.repeat(100)}"}]}}`,
);

const server = createServer(
  { cert: readFileSync(certificateFile), key: readFileSync(keyFile), keepAliveTimeout: 120_000 },
  (request, response) => {
    if (request.method === 'GET') {
      response.writeHead(200, { 'Content-Type': 'text/event-stream' });
      response.write('event: message\ndata: {"hello":"world"}\n\n');
      return;
    }
    request.resume().on('end', () => {
      response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': answer.length });
      response.end(answer);
    });
  },
);
server.listen(0, '127.0.0.1', () => process.send?.({ port: (server.address() as AddressInfo).port }));
process.once('disconnect', () => process.exit());
