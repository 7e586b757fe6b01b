import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { ListenAddress } from '../config/config.ts';
import { describeProblem } from '../config/problem.ts';
import { Failure } from '../failure.ts';
import { bind } from '../proxy/listener.ts';
import { isLoopbackPeer } from '../proxy/peer.ts';
import { checkBrowser } from '../proxy/route.ts';
import type { ReloadReport } from '../reload/reloader.ts';
import type { Metrics } from '../telemetry/metrics.ts';

/** What the admin pages show and do. */
export interface AdminContext {
  readonly metrics: Metrics;
  readonly isReady: () => boolean;
  readonly allowedHosts: () => readonly string[];
  readonly reload: (options: { closeChanged: boolean }) => Promise<ReloadReport>;
}

interface Page {
  readonly method: 'GET' | 'POST';
  answer(request: IncomingMessage, response: ServerResponse, url: URL): void | Promise<void>;
}

/** `/metrics`, `/livez`, `/readyz` and `POST /-/reload` (INTERFACE section 7). */
export class AdminListener {
  readonly #context: AdminContext;
  readonly #server: Server;
  readonly #pages: Readonly<Record<string, Page>> = {
    '/metrics': { method: 'GET', answer: (_, response) => this.#showMetrics(response) },
    '/livez': { method: 'GET', answer: (_, response) => sendText(response, 200, 'ok\n') },
    '/readyz': { method: 'GET', answer: (_, response) => this.#showReady(response) },
    '/-/reload': { method: 'POST', answer: (request, response, url) => this.#reload(request, response, url) },
  };

  constructor(context: AdminContext) {
    this.#context = context;
    this.#server = createServer({ headersTimeout: 10_000, requestTimeout: 30_000 }, (request, response) => {
      this.#answer(request, response).catch(() => response.destroy());
    });
  }

  listen(address: ListenAddress): Promise<{ host: string; port: number }> {
    return bind(this.#server, address);
  }

  close(): void {
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
    } else await page.answer(request, response, url);
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

  async #reload(request: IncomingMessage, response: ServerResponse, url: URL): Promise<void> {
    const denied = isLoopbackPeer(request.socket)
      ? checkBrowser(request, request.headers.host, this.#context.allowedHosts())
      : new Failure('policy_denied', 'request');
    if (denied !== undefined) {
      const { status, reason, sentence, hint } = denied;
      sendText(response, status, `${reason}: ${sentence}\nhint: ${hint}\n`);
      return;
    }
    const report = await this.#context.reload({ closeChanged: url.searchParams.get('close') === 'changed' });
    response.writeHead(report.failed ? 500 : 200, { 'Content-Type': 'application/json' });
    const problems = report.problems.map(describeProblem);
    response.end(`${JSON.stringify({ result: report.failed ? 'failure' : 'success', problems })}\n`);
  }
}

function sendText(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8' }).end(text);
}
