import dns from 'node:dns';
import { get } from 'node:https';
import { text } from 'node:stream/consumers';

/**
 * Asks servers as Node's two clients do. The standard input is a list of {client, url}; what they trust is for
 * NODE_EXTRA_CA_CERTS to say. Names lead to 127.0.0.1, where the servers are.
 */
const lookup = dns.lookup;
dns.lookup = ((_host: string, options: object, callback: () => void) =>
  lookup('127.0.0.1', options, callback)) as typeof dns.lookup;

const clients: Readonly<Record<string, (url: string) => Promise<unknown>>> = {
  fetch: async (url) => (await fetch(url)).text(),
  https: (url) =>
    new Promise((resolve, reject) => {
      const request = get(url, { agent: false }, (response) => response.resume().once('end', resolve));
      request.once('error', reject);
    }),
};

const said: string[] = [];
for (const { client, url } of JSON.parse(await text(process.stdin)) as { client: string; url: string }[])
  said.push(
    await (clients[client]?.(url) ?? Promise.reject(new Error('no such client'))).then(() => '', describe),
  );
process.stdout.write(JSON.stringify(said), () => process.exit(0));

/** As Node prints it: the cause of `fetch failed` is what it is about. */
function describe(error: Error & { code?: unknown }): string {
  const { cause } = error as { cause?: Error };
  if (cause !== undefined) return `${String(error)}: ${describe(cause)}`;
  return `${error.message.trim()} (${String(error.code)})`;
}
