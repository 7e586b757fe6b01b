/**
 * Runs transports of @modelcontextprotocol/server-everything in this process, which was started with an IPC
 * channel. The server takes its port from PORT and never says which one it got for 0, and it listens on every
 * interface: so `listen` is replaced, and the ports are sent to the parent.
 */
import { Server, type AddressInfo } from 'node:net';

// eslint-disable-next-line @typescript-eslint/unbound-method -- called with `this` below
const listenAnywhere = Server.prototype.listen;
const [, , ...transports] = process.argv;

for (const transport of transports) {
  Server.prototype.listen = function (this: Server) {
    this.once('listening', () => process.send?.({ transport, port: (this.address() as AddressInfo).port }));
    return listenAnywhere.call(this, { port: 0, host: '127.0.0.1' });
  } as typeof listenAnywhere;
  const main = import.meta.resolve('@modelcontextprotocol/server-everything/dist/index.js');
  await import(new URL(`transports/${transport}.js`, main).href);
}

// Who started this went away, however that came about.
process.once('disconnect', () => process.exit());
