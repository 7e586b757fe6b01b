import { Failure } from '../failure.ts';
import type { Decision } from '../policy/decide.ts';
import { EndpointFilter } from './endpoint-event.ts';
import type { ResponsePolicy } from './exchange.ts';
import { headerValues, responseHeaders, type RawHeaders } from './headers.ts';
import type { ProxyContext } from './proxy-context.ts';
import { rewriteHead, type RewriteContext } from './rewrite.ts';
import type { Route } from './route.ts';
import type { Visit } from './visit.ts';

/** A decision by which a request is relayed. */
export type Reachable = Exclude<Decision, { kind: 'refuse' }>;

/** What happens to the response of a request: on the base-URL route it is rewritten, else it passes as it is. */
export function createResponsePolicy(
  { via, isOwnListener }: ProxyContext,
  visit: Visit,
  { route, decision, target }: { route: Route; decision: Reachable; target: string },
): ResponsePolicy {
  const rewriting: RewriteContext | undefined =
    route.kind === 'base_url'
      ? {
          server: route.server,
          protocol: decision.kind === 'tls' ? 'https' : 'http',
          authority: decision.authority,
          target,
          isOwnListener,
        }
      : undefined;
  return {
    head(raw) {
      visit.headMs = visit.elapsedMs;
      const headers = responseHeaders(raw, via);
      return rewriting === undefined ? headers : rewriteHead(headers, rewriting);
    },
    filter(raw) {
      if (rewriting === undefined || !mayCarryEndpoint(visit) || !isEventStream(raw)) return undefined;
      const encoded = headerValues(raw, 'content-encoding').some(
        (value) => value.toLowerCase() !== 'identity',
      );
      return encoded
        ? new Failure(
            'response_malformed',
            'response',
            new Error('an event stream is encoded though none was accepted'),
          )
        : new EndpointFilter(rewriting);
    },
  };
}

/** Whether the response may be the stream of the old SSE transport: a GET on a base URL. */
export function mayCarryEndpoint({ route, request }: Visit): boolean {
  return (
    route === 'base_url' &&
    request.method === 'GET' &&
    /\btext\/event-stream\b/i.test(request.headers.accept ?? '')
  );
}

function isEventStream(raw: RawHeaders): boolean {
  return headerValues(raw, 'content-type').some((value) => /^\s*text\/event-stream\b/i.test(value));
}
