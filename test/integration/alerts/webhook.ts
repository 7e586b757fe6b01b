import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import { listen } from '../../harness/listen.ts';

/** One alert of a notification, as Alertmanager posts it. */
export interface NotifiedAlert {
  readonly status: 'firing' | 'resolved';
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

/** Whom alerts wake: a receiver of Alertmanager's webhooks. */
export interface Webhook {
  readonly url: string;
  /** Each alert once for every notification that it was in, in their order; grows. */
  readonly received: readonly NotifiedAlert[];
}

/** Starts one on loopback. It is closed after the test. */
export async function startWebhook(): Promise<Webhook> {
  const received: NotifiedAlert[] = [];
  const server = createServer((request, response) => {
    void text(request).then((body) => {
      received.push(...(JSON.parse(body) as { alerts: NotifiedAlert[] }).alerts);
      response.end();
    });
  });
  const { authority } = await listen(server);
  return { url: `http://${authority}/`, received };
}
