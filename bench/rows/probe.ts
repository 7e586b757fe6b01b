import { Agent, request } from 'node:http';
import { pause } from '../clocks.ts';
import { median } from '../statistics.ts';

const everyMs = 5;

/** A light, steady load, on a connection of its own. */
export interface Probe {
  /** Ends it. @returns how long the requests took, ms */
  readonly stop: () => Promise<{ readonly middle: number; readonly slowest: number }>;
}

/** Calls a server every 5 ms, one call after the other. */
export function startProbe(port: number, path: string): Probe {
  const ending = new AbortController();
  const took = drive(port, path, ending.signal);
  return {
    async stop() {
      ending.abort();
      const all = await took;
      return { middle: median(all), slowest: Math.max(...all) };
    },
  };
}

async function drive(port: number, path: string, ending: AbortSignal): Promise<number[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const took: number[] = [];
  while (!ending.aborted) {
    const startedMs = performance.now();
    const status = await call(port, path, agent);
    if (status !== 200) throw new Error(`${path} was answered with ${status}`);
    took.push(performance.now() - startedMs);
    await pause(everyMs);
  }
  agent.destroy();
  return took;
}

/** Asks until the answer is a good one: the moment from which a server is there. */
export async function untilServed(port: number, path: string, timeoutMs: number): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const until = performance.now() + timeoutMs;
  while ((await call(port, path, agent)) !== 200) {
    if (performance.now() > until) throw new Error(`${path} was not there after ${timeoutMs} ms`);
    await pause(everyMs);
  }
  agent.destroy();
}

function call(port: number, path: string, agent: Agent): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const headers = { 'Content-Type': 'application/json' };
    const options = { host: '127.0.0.1', port, path, agent, method: 'POST', headers };
    const asked = request(options, (response) => {
      response.resume().once('end', () => resolve(response.statusCode));
    });
    asked.once('error', reject).end('{}');
  });
}
