import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { ListenAddress } from '../config/config.ts';
import { Failure, failureTable } from '../failure.ts';
import { bind } from '../proxy/listener.ts';
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

/** `/metrics`, `/livez`, `/readyz` and `POST /-/reload` (INTERFACE section 7). */
export class AdminListener {
  readonly #context: AdminContext;
  readonly #server: Server;

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
    switch (url.pathname) {
      case '/metrics':
        if (!reading) return refuseMethod(response, 'GET');
        response.setHeader('Content-Type', this.#context.metrics.registry.contentType);
        return void response.end(await this.#context.metrics.registry.metrics());
      case '/livez':
        return reading ? sendText(response, 200, 'ok\n') : refuseMethod(response, 'GET');
      case '/readyz':
        if (!reading) return refuseMethod(response, 'GET');
        return this.#context.isReady()
          ? sendText(response, 200, 'ready\n')
          : sendText(response, 503, 'not ready\n');
      case '/-/reload':
        return request.method === 'POST'
          ? this.#reload(request, response, url)
          : refuseMethod(response, 'POST');
      default:
        return sendText(response, 404, 'not found\n');
    }
  }

  async #reload(request: IncomingMessage, response: ServerResponse, url: URL): Promise<void> {
    const denied = isLoopbackPeer(request)
      ? checkBrowser(request, request.headers.host, this.#context.allowedHosts())
      : new Failure('policy_denied', 'request');
    if (denied !== undefined) {
      const { status, sentence } = failureTable[denied.reason];
      return sendText(response, status, `${denied.reason}: ${sentence}\n`);
    }
    const report = await this.#context.reload({ closeChanged: url.searchParams.get('close') === 'changed' });
    response.writeHead(report.failed ? 500 : 200, { 'Content-Type': 'application/json' });
    const problems = report.problems.map(({ severity, file, line, column, message, hint }) => ({
      severity,
      file,
      line,
      column,
      message,
      hint,
    }));
    response.end(`${JSON.stringify({ result: report.failed ? 'failure' : 'success', problems })}\n`);
  }
}

function isLoopbackPeer({ socket }: IncomingMessage): boolean {
  return /^(?:::ffff:)?127\.|^::1$/.test(socket.remoteAddress ?? '');
}

function refuseMethod(response: ServerResponse, allow: string): void {
  response.setHeader('Allow', allow);
  sendText(response, 405, `use ${allow}\n`);
}

function sendText(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8' }).end(text);
}
