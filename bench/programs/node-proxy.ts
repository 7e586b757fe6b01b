/**
 * http-proxy or http-proxy-3 as one would set it up for this: plain HTTP in, a keep-alive agent that verifies out.
 * argv: the package's name, the upstream's port, CA file. Its port is sent to the parent.
 */
import { readFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import { Agent } from 'node:https';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';

// http-proxy 1.18.1 calls util._extend.
process.noDeprecation = true;
const [, , name = '', port = '', caFile = ''] = process.argv;
const { createProxyServer } = createRequire(import.meta.url)(name) as {
  createProxyServer: (options: object) => {
    web: (...args: [...Parameters<RequestListener>, object, (error: Error) => void]) => void;
  };
};
const proxy = createProxyServer({
  target: `https://localhost:${port}`,
  changeOrigin: true,
  secure: true,
  agent: new Agent({
    keepAlive: true,
    maxSockets: Infinity,
    maxFreeSockets: 1024,
    ca: readFileSync(caFile),
    lookup: (_, options, callback) =>
      options.all === true
        ? callback(null, [{ address: '127.0.0.1', family: 4 }])
        : callback(null, '127.0.0.1', 4),
  }),
});
const server = createServer((request, response) => {
  proxy.web(request, response, {}, (error) => {
    if (!response.headersSent) response.writeHead(502);
    response.end(String(error));
  });
});
server.keepAliveTimeout = 75_000;
server.listen(0, '127.0.0.1', () => process.send?.({ port: (server.address() as AddressInfo).port }));
process.once('disconnect', () => process.exit());
