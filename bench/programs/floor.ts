/**
 * What Node takes by itself for what the sidecar does, with nothing of ours around it: no policy, no check, no pool with
 * limits, no error that is told, no metric. What the sidecar takes beyond this is its own; what this takes beyond a
 * target cannot be had with Node.
 *
 * argv: `http` for node:http on the side of the client, `sockets` for a relay of bytes that nobody reads; the port of
 * the server; the file of its CA; for `http` the files of a certificate and a key, to end TLS of a CONNECT with. Its
 * port is sent to the parent.
 */
import { readFileSync } from 'node:fs';
import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTcpServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { connect, createSecureContext, TLSSocket } from 'node:tls';

const [, , inbound = '', serverPort = '', caFile = '', certificateFile, keyFile] = process.argv;
const secureContext = createSecureContext({ ca: readFileSync(caFile) });
const idle: TLSSocket[] = [];
let session: Buffer | undefined;

const server: Server = inbound === 'http' ? httpServer() : createTcpServer({ noDelay: true }, relayBytes);
server.listen({ port: 0, host: '127.0.0.1', backlog: 1024 }, () =>
  process.send?.({ port: (server.address() as AddressInfo).port }),
);
process.once('disconnect', () => process.exit());

function dial(onReady: (upstream: TLSSocket) => void): void {
  const upstream = connect({
    ...{ host: '127.0.0.1', port: Number(serverPort), servername: 'localhost' },
    ...{ secureContext, session },
  });
  upstream.setNoDelay(true);
  upstream.on('session', (ticket) => (session = ticket)).on('error', () => undefined);
  upstream.once('close', () => {
    const index = idle.indexOf(upstream);
    if (index >= 0) idle.splice(index, 1);
  });
  upstream.once('secureConnect', () => onReady(upstream));
}

/** Each client has a connection of its own. */
function relayBytes(client: Socket): void {
  client.pause();
  client.on('error', () => undefined);
  dial((upstream) => {
    join(client, upstream);
    join(upstream, client);
    client.once('close', () => upstream.destroy());
    client.resume();
  });
}

function join(from: Socket, to: Socket): void {
  from.on('data', (chunk: Buffer) => {
    if (to.write(chunk)) return;
    from.pause();
    to.once('drain', () => from.resume());
  });
}

function httpServer(): Server {
  const server = createHttpServer({ keepAliveTimeout: 75_000 }, (request, response) => {
    const body: Buffer[] = [];
    request.on('data', (chunk: Buffer) => body.push(chunk));
    request.on('end', () => {
      const text = head(request) + Buffer.concat(body).toString('latin1');
      const exchange = (upstream: TLSSocket) => relay(upstream, text, response);
      const warm = idle.pop();
      if (warm === undefined) dial(exchange);
      else exchange(warm);
    });
  });
  if (certificateFile !== undefined && keyFile !== undefined) {
    const leaf = createSecureContext({ cert: readFileSync(certificateFile), key: readFileSync(keyFile) });
    server.on('connect', (_, socket) => {
      socket.on('error', () => undefined);
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      const secure = new TLSSocket(socket, { isServer: true, secureContext: leaf });
      secure.on('error', () => undefined).once('secure', () => server.emit('connection', secure));
    });
  }
  return server;
}

function head({ method = '', url = '', rawHeaders }: IncomingMessage): string {
  let text = `${method} ${url} HTTP/1.1\r\n`;
  for (let index = 0; index < rawHeaders.length; index += 2)
    if (rawHeaders[index]?.toLowerCase() !== 'connection')
      text += `${rawHeaders[index] ?? ''}: ${rawHeaders[index + 1] ?? ''}\r\n`;
  return `${text}\r\n`;
}

function relay(upstream: TLSSocket, text: string, response: ServerResponse): void {
  let left: number | undefined;
  const onData = (chunk: Buffer) => {
    const body = left === undefined ? begin(chunk) : chunk;
    left = (left ?? 0) - body.length;
    if (left > 0) {
      if (response.write(body)) return;
      upstream.pause();
      response.once('drain', () => upstream.resume());
      return;
    }
    upstream.off('data', onData);
    idle.push(upstream);
    response.end(body);
  };
  const begin = (chunk: Buffer): Buffer => {
    const end = chunk.indexOf('\r\n\r\n');
    const text = chunk.toString('latin1', 0, end);
    const type = /\r\ncontent-type: ([^\r]*)/i.exec(text)?.[1] ?? '';
    const length = /\r\ncontent-length: (\d+)/i.exec(text)?.[1];
    left = length === undefined ? Infinity : Number(length);
    response.sendDate = false;
    response.writeHead(200, [
      'Content-Type',
      type,
      ...(length === undefined ? [] : ['Content-Length', length]),
    ]);
    return chunk.subarray(end + 4);
  };
  upstream.on('data', onData);
  response.once('close', () => response.writableFinished || upstream.destroy());
  upstream.write(text, 'latin1');
}
