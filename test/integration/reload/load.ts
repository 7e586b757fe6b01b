import { Agent, request, type IncomingMessage } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'vitest';
import { cleanUp } from '../../harness/clean-up.ts';
import { poll } from '../../harness/poll.ts';
import type { Sidecar } from '../../harness/sidecar.ts';
import type { Handler } from '../../harness/tls-upstream.ts';

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
 * Calls `steady` over and over, on new and on kept connections, and holds a stream of each server open.
 *
 * @param servers whose streams are opened
 */
export async function startLoad(sidecar: Sidecar, servers = ['steady', 'subject']): Promise<Load> {
  const streams = await Promise.all(servers.map((server) => openStream(sidecar, server)));
  const failures: string[] = [];
  let [calls, running] = [0, true];
  const keepAlive = new Agent({ keepAlive: true, maxSockets: 1 });
  cleanUp(() => {
    running = false;
    keepAlive.destroy();
  });
  const callOver = async (agent: Agent | false) => {
    while (running) {
      const outcome = await call(`${sidecar.proxyUrl}/steady/mcp`, agent);
      calls++;
      if (outcome !== '200 {"ok":true}') failures.push(outcome);
      await delay(2);
    }
  };
  const loops = Promise.all([callOver(keepAlive), callOver(false)]);
  return {
    get calls() {
      return calls;
    },
    async finish() {
      await poll(() => calls > 5 || failures.length > 0, { what: 'a few calls' });
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

function call(url: string, agent: Agent | false): Promise<string> {
  return new Promise((resolve) => {
    const outgoing = request(url, { agent, method: 'POST' }, (response) => {
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
