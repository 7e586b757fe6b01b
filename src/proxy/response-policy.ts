import type { IncomingMessage } from 'node:http';
import { Failure } from '../failure.ts';
import type { Decision } from '../policy/decide.ts';
import { headerValues, type RawHeaders } from '../upstream/raw-headers.ts';
import { EndpointFilter } from './endpoint-event.ts';
import type { ResponsePolicy } from './exchange.ts';
import { mapHeader, responseHeaders } from './headers.ts';
import type { ProxyContext } from './proxy-context.ts';
import { rewriteHead, type RewriteContext } from './rewrite.ts';
import { isResourceMetadata, MetadataFilter, rewriteChallenge } from './rewrite-oauth.ts';
import type { Route } from './route.ts';
import type { RequestVisit } from './visit.ts';

/** A decision by which a request is relayed. */
export type Reachable = Exclude<Decision, { kind: 'refuse' }>;

/** What the response is to. */
export interface ResponseContext {
  readonly route: Route;
  readonly decision: Reachable;
  /** Path and query at the upstream. */
  readonly target: string;
  /** `tls.rewrite_oauth` of the entry. */
  readonly rewritesOauth: boolean;
}

/** What happens to the response of a request: on the base-URL route it is rewritten, else it passes as it is. */
export function createResponsePolicy(
  { via, isOwnListener, onProtectedResource }: ProxyContext,
  visit: RequestVisit,
  { route, decision, target, rewritesOauth }: ResponseContext,
): ResponsePolicy {
  const rewriting: RewriteContext | undefined =
    route.kind === 'base_url'
      ? {
          server: route.server,
          protocol: decision.kind === 'tls' ? 'https' : 'http',
          authority: decision.authority,
          target,
          isOwnListener,
          get cookiePath() {
            return isBelowServer(visit.request, route.server) ? undefined : `/${route.server}`;
          },
        }
      : undefined;
  const oauth =
    rewriting !== undefined && rewritesOauth
      ? { ...rewriting, origin: `http://${clientHost(visit.request)}` }
      : undefined;
  const isMetadata = oauth !== undefined && visit.request.method === 'GET' && isResourceMetadata(target);
  return {
    readsBody: isMetadata || (rewriting !== undefined && mayCarryEndpoint(visit.request)),
    head(raw, status) {
      visit.headMs = visit.elapsedMs;
      const headers = responseHeaders(raw, via);
      if (rewriting === undefined) return headers;
      const head = rewriteHead(headers, rewriting);
      if (head instanceof Failure) return head;
      if (oauth === undefined) {
        if (status === 401 && namesMetadata(raw)) onProtectedResource(visit.server);
        return head;
      }
      const challenged = rewriteChallenge(head, oauth);
      return isMetadata ? mapHeader(challenged, 'content-length', () => undefined) : challenged;
    },
    filter(raw) {
      if (isMetadata) return new MetadataFilter(oauth);
      if (rewriting === undefined || visit.request.method !== 'GET' || !isEventStream(raw)) return undefined;
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

/** As the client wrote it; the route has judged it. */
function clientHost({ url = '', headers }: IncomingMessage): string {
  return /^http:\/\/([^/?]*)/i.exec(url)?.[1] ?? headers.host ?? '127.0.0.1';
}

/** Whether the response may be the stream of the old SSE transport: a GET that says it accepts one. */
function mayCarryEndpoint({ method, headers: { accept = '' } }: IncomingMessage): boolean {
  return method === 'GET' && /text\/event-stream|\*\/\*|text\/\*/i.test(accept);
}

/** Whether a 401 leads to OAuth metadata (RFC 9728 section 5.1), which speak of the real URL. */
function namesMetadata(raw: RawHeaders): boolean {
  return headerValues(raw, 'www-authenticate').some((value) => /\bresource_metadata\s*=/i.test(value));
}

/** Whether the client asked for something below `/SERVER/`: not for the bare name, nor for a well-known document. */
function isBelowServer({ url = '' }: IncomingMessage, server: string): boolean {
  return url.replace(/^http:\/\/[^/]*/i, '').startsWith(`/${server}/`);
}

/** As the laxest client sees it: some look only for the words, wherever they stand. */
function isEventStream(raw: RawHeaders): boolean {
  return headerValues(raw, 'content-type').some((value) => /text\/event-stream/i.test(value));
}
