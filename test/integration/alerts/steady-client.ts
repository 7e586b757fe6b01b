import { setTimeout as delay } from 'node:timers/promises';
import { cleanUp } from '../../harness/clean-up.ts';

export interface SteadyClient {
  /** The answer of the last call: `200`, or the status and the reason, as in `502 tls_cert_expired`. */
  readonly last: string;
}

const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list' });

/** Calls an MCP server through its base URL, four times a second, until the test is over. */
export function startSteadyClient(url: string): SteadyClient {
  const client = { last: '' };
  const ended = new AbortController();
  const run = async () => {
    while (!ended.signal.aborted) {
      client.last = await callOnce(url).catch((error: unknown) => `no answer: ${String(error)}`);
      await delay(250);
    }
  };
  const running = run();
  cleanUp(() => {
    ended.abort();
    return running;
  });
  return client;
}

async function callOnce(url: string): Promise<string> {
  const headers = { 'content-type': 'application/json' };
  const signal = AbortSignal.timeout(10_000);
  const response = await fetch(url, { method: 'POST', headers, body, signal });
  const answer = (await response.json()) as { error?: { data?: { reason?: string } } };
  return [response.status, answer.error?.data?.reason].filter(Boolean).join(' ');
}
