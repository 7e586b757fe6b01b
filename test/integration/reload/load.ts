import { request, type IncomingMessage } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'vitest';
import { cleanUp } from '../../harness/clean-up.ts';
import { poll } from '../../harness/poll.ts';
import { routes, type Named, type RouteUnderTest } from '../../harness/routes.ts';
import type { Sidecar } from '../../harness/sidecar.ts';
import type { Handler } from '../../harness/tls-upstream.ts';
import { RouteAgent } from './route-agent.ts';

const tickMs = 20;

/** Upstream side: `/stream` sends a numbered event every 20 ms for ever, anything else is answered at once. */
export const streamOrAnswer: Handler = (incoming, response) => {
  incoming.resume();
  if (incoming.url !== '/stream') {
    response.writeHead(200, { 'content-type': 'application/json' }).end('{"ok":true}');
    return;
  }
  let number = 0;
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  const timer = setInterval(() => response.write(`id: ${++number}\ndata: tick\n\n`), tickMs);
  response.on('close', () => clearInterval(timer));
};

/** A stream of numbered events as its client sees it. */
export interface EventStream {
  /** The numbers that have come. */
  readonly numbers: readonly number[];
  readonly ended: boolean;
  /** Resolves when something more has come. */
  readonly flows: () => Promise<void>;
  readonly close: () => void;
}

/** Opens the event stream of a server through the sidecar and reads it until it ends. */
export async function openStream(sidecar: Sidecar, server: string): Promise<EventStream> {
  const outgoing = request(`${sidecar.proxyUrl}/${server}/stream`, { agent: false });
  cleanUp(() => outgoing.destroy());
  const incoming = await new Promise<IncomingMessage>((resolve, reject) => {
    outgoing.once('response', resolve).once('error', reject).end();
  });
  expect(incoming.statusCode).toBe(200);
  const numbers: number[] = [];
  let [rest, ended] = ['', false];
  incoming.setEncoding('utf8').on('data', (text: string) => {
    const events = (rest + text).split('\n\n');
    rest = events.pop() ?? '';
    numbers.push(...events.map((event) => Number(/^id: (\d+)$/m.exec(event)?.[1])));
  });
  incoming.on('error', () => undefined).on('close', () => (ended = true));
  const stream: EventStream = {
    numbers,
    get ended() {
      return ended;
    },
    flows: async () => {
      const seen = numbers.length;
      await poll(() => numbers.length > seen, { what: `a further event of ${server}` });
    },
    close: () => outgoing.destroy(),
  };
  await stream.flows();
  return stream;
}

/** Streams and calls that go on while a test does something else. */
export interface Load {
  readonly calls: number;
  /** Asserts that no call failed, no stream was cut and no event was lost, and stops. */
  readonly finish: () => Promise<void>;
}

/**
 * Calls `steady` over and over by every route, on new and on kept connections, and holds streams open.
 *
 * @param authority of `steady`
 * @param servers whose streams are opened
 */
export async function startLoad(
  sidecar: Sidecar,
  authority: string,
  servers: readonly string[] = ['steady', 'subject'],
): Promise<Load> {
  const streams = await Promise.all(servers.map((server) => openStream(sidecar, server)));
  const failures: string[] = [];
  let [calls, running] = [0, true];
  cleanUp(() => (running = false));
  const callOver = async (route: RouteUnderTest, keepAlive: boolean) => {
    const agent = new RouteAgent(sidecar.proxy, route, { keepAlive, maxSockets: 1 });
    while (running) {
      const outcome = await call(route, { server: 'steady', authority }, agent);
      calls++;
      if (outcome !== '200 {"ok":true}') failures.push(`${route.name}: ${outcome}`);
      // Handshakes inside a CONNECT are dear: more would measure the machine, not the reload.
      await delay(25);
    }
  };
  const loops = Promise.all(routes.flatMap((route) => [callOver(route, true), callOver(route, false)]));
  return {
    get calls() {
      return calls;
    },
    async finish() {
      await poll(() => calls > 5 * routes.length || failures.length > 0, { what: 'a few calls' });
      running = false;
      await loops;
      for (const stream of streams) {
        await stream.flows();
        expect(stream.ended).toBe(false);
        expect(stream.numbers).toEqual(stream.numbers.map((_, index) => index + 1));
        stream.close();
      }
      expect(failures).toEqual([]);
    },
  };
}

function call(route: RouteUnderTest, named: Named, agent: RouteAgent): Promise<string> {
  const { hostname, port } = new URL(`http://${named.authority}`);
  const path = route.line(named, '/mcp');
  const headers = { host: route.host(named) };
  return new Promise((resolve) => {
    const options = { host: hostname, port, path, headers, agent, method: 'POST' };
    const outgoing = request(options, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text: string) => (body += text));
      response.on('error', () => undefined);
      response.on('close', () =>
        resolve(`${response.statusCode ?? 0} ${body}${response.complete ? '' : ' (cut)'}`),
      );
    });
    outgoing.on('error', (error) => resolve(error.message)).end('{"jsonrpc":"2.0","id":1,"method":"ping"}');
  });
}
