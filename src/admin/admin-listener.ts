import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { ListenAddress } from '../config/config.ts';
import { describeProblem } from '../config/problem.ts';
import { Failure } from '../failure.ts';
import { bind } from '../proxy/bind.ts';
import { isLoopbackPeer } from '../proxy/peer.ts';
import { checkBrowser } from '../proxy/route.ts';
import type { ReloadReport } from '../reload/reloader.ts';
import type { StatusDocument } from '../status/status-document.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { LiveStatus } from './live-status.ts';
import { loadStatusPage } from './status-page.ts';

/** What the admin pages show and do. */
export interface AdminContext {
  readonly metrics: Metrics;
  readonly isReady: () => boolean;
  readonly allowedHosts: () => readonly string[];
  readonly status: () => StatusDocument;
  readonly reload: (options: { closeChanged: boolean }) => Promise<ReloadReport>;
}

interface Page {
  readonly method: 'GET' | 'POST';
  /** `local`: loopback peers, and no page of another site in a browser. */
  readonly for: 'anybody' | 'local';
  answer(request: IncomingMessage, response: ServerResponse, url: URL): void | Promise<void>;
}

/** Metrics, probes, the status and reloading (INTERFACE section 7). */
export class AdminListener {
  readonly #context: AdminContext;
  readonly #server: Server;
  readonly #page = loadStatusPage();
  readonly #live: LiveStatus;
  readonly #pages: Readonly<Record<string, Page>> = {
    '/': { method: 'GET', for: 'local', answer: (_, response) => this.#showStatus(response) },
    '/api/servers': {
      method: 'GET',
      for: 'local',
      answer: (request, response) => this.#describeStatus(request, response),
    },
    '/metrics': { method: 'GET', for: 'anybody', answer: (_, response) => this.#showMetrics(response) },
    '/livez': { method: 'GET', for: 'anybody', answer: (_, response) => sendText(response, 200, 'ok\n') },
    '/readyz': { method: 'GET', for: 'anybody', answer: (_, response) => this.#showReady(response) },
    '/-/reload': { method: 'POST', for: 'local', answer: (_, response, url) => this.#reload(response, url) },
  };

  constructor(context: AdminContext) {
    this.#context = context;
    this.#live = new LiveStatus(context.status);
    this.#server = createServer({ headersTimeout: 10_000, requestTimeout: 30_000 }, (request, response) => {
      this.#answer(request, response).catch(() => response.destroy());
    });
  }

  listen(address: ListenAddress): Promise<{ host: string; port: number }> {
    return bind(this.#server, address);
  }

  close(): void {
    this.#live.close();
    this.#server.close();
    this.#server.closeAllConnections();
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    request.resume();
    const url = new URL(request.url ?? '/', 'http://admin');
    const reading = request.method === 'GET' || request.method === 'HEAD';
    const page = this.#pages[url.pathname];
    if (page === undefined) sendText(response, 404, 'not found\n');
    else if (page.method === 'POST' ? request.method !== 'POST' : !reading) {
      response.setHeader('Allow', page.method);
      sendText(response, 405, `use ${page.method}\n`);
    } else {
      const denied = page.for === 'local' ? this.#deny(request) : undefined;
      if (denied === undefined) await page.answer(request, response, url);
      else sendText(response, denied.status, `${denied.reason}: ${denied.sentence}\nhint: ${denied.hint}\n`);
    }
  }

  #deny(request: IncomingMessage): Failure | undefined {
    return isLoopbackPeer(request.socket)
      ? checkBrowser(request.rawHeaders, request.headers.host, this.#context.allowedHosts())
      : new Failure('policy_denied', 'request');
  }

  #showStatus(response: ServerResponse): void {
    response
      .writeHead(200, {
        'Content-Type': 'text/html; charset=utf-8',
        'Content-Security-Policy': this.#page.policy,
        ...unshared,
      })
      .end(this.#page.html);
  }

  /** Once, or for whoever asks for an event stream each time it changes. */
  #describeStatus(request: IncomingMessage, response: ServerResponse): void {
    const isLive = request.headers.accept?.includes('text/event-stream') === true;
    if (isLive && request.method === 'GET') {
      if (!this.#live.add(response)) sendText(response, 503, 'too many readers of the live status\n');
      return;
    }
    response
      .writeHead(200, { 'Content-Type': 'application/json', ...unshared })
      .end(`${JSON.stringify(this.#context.status())}\n`);
  }

  async #showMetrics(response: ServerResponse): Promise<void> {
    const { registry } = this.#context.metrics;
    response.setHeader('Content-Type', registry.contentType);
    response.end(await registry.metrics());
  }

  #showReady(response: ServerResponse): void {
    if (this.#context.isReady()) sendText(response, 200, 'ready\n');
    else sendText(response, 503, 'not ready\n');
  }

  async #reload(response: ServerResponse, url: URL): Promise<void> {
    const report = await this.#context.reload({ closeChanged: url.searchParams.get('close') === 'changed' });
    response.writeHead(report.failed ? 500 : 200, { 'Content-Type': 'application/json' });
    const problems = report.problems.map(describeProblem);
    response.end(`${JSON.stringify({ result: report.failed ? 'failure' : 'success', problems })}\n`);
  }
}

/** It is for the eyes of whoever asked, at this moment. */
const unshared = {
  'Cache-Control': 'no-store',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
};

function sendText(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8' }).end(text);
}
