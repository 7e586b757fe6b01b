import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { listen } from './listen.ts';

/** The two ends of a TCP connection on loopback. They are cut after the test. */
export async function socketPair(): Promise<{ near: Socket; far: Socket }> {
  const server = createServer();
  const { port } = await listen(server);
  const accepted = once(server, 'connection') as Promise<[Socket]>;
  const near = connect(port, '127.0.0.1');
  const [far] = await accepted;
  return { near, far };
}
