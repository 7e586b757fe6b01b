import type { ClientRequest } from '../downstream/message.ts';
import { Failure } from '../failure.ts';
import type { Decision } from '../policy/decide.ts';
import { HeadForm } from '../upstream/head-form.ts';
import { hasHeader, headerValues, renderFields, type RawHeaders } from '../upstream/raw-headers.ts';
import type { ResponseHead } from '../upstream/response-head.ts';
import { EndpointFilter } from './endpoint-event.ts';
import type { BodyFilter, ResponsePolicy } from './exchange.ts';
import { mapHeader, responseHeaders } from './headers.ts';
import type { ProxyContext } from './proxy-context.ts';
import { rewriteHead, type RewriteContext } from './rewrite.ts';
import { isResourceMetadata, MetadataFilter, rewriteChallenge, type OauthContext } from './rewrite-oauth.ts';
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
export class RelayedResponse implements ResponsePolicy {
  readonly #context: ProxyContext;
  readonly #visit: RequestVisit;
  readonly #to: ResponseContext;
  /** Whether it is the document that OAuth metadata come in, and to be rewritten. */
  readonly #isMetadata: boolean;
  readonly readsBody: boolean;

  constructor(context: ProxyContext, visit: RequestVisit, to: ResponseContext) {
    this.#context = context;
    this.#visit = visit;
    this.#to = to;
    const mayBeRead = to.route.kind === 'base_url' && visit.request.method === 'GET';
    this.#isMetadata = mayBeRead && to.rewritesOauth && isResourceMetadata(to.target);
    this.readsBody = this.#isMetadata || (mayBeRead && acceptsEventStream(visit.request));
  }

  known({ form, contentLength }: ResponseHead): string | undefined {
    if (form?.passing === undefined || this.#to.rewritesOauth) return undefined;
    this.#visit.headMs = this.#visit.elapsedMs;
    return form.passing.withLength(contentLength);
  }

  passed(head: ResponseHead, sent: RawHeaders): void {
    const { form, contentLength } = head;
    if (form?.recurs === true && !this.#to.rewritesOauth && isOrdinary(head))
      form.passing ??= new HeadForm(renderFields(sent), contentLength);
  }

  head(raw: RawHeaders, status: number): string[] | Failure {
    const visit = this.#visit;
    visit.headMs = visit.elapsedMs;
    const headers = responseHeaders(raw, this.#context.via);
    if (this.#to.route.kind !== 'base_url') return headers;
    const head = leadsAnywhere(headers)
      ? rewriteHead(headers, this.#rewriting(this.#to.route.server))
      : headers;
    if (head instanceof Failure) return head;
    if (!this.#to.rewritesOauth) {
      if (status === 401 && namesMetadata(raw)) this.#context.onProtectedResource(visit.server);
      return head;
    }
    const challenged = rewriteChallenge(head, this.#oauth(this.#to.route.server));
    return this.#isMetadata ? mapHeader(challenged, 'content-length', () => undefined) : challenged;
  }

  filter(raw: RawHeaders): BodyFilter | Failure | undefined {
    const { route } = this.#to;
    if (route.kind !== 'base_url') return undefined;
    if (this.#isMetadata) return new MetadataFilter(this.#oauth(route.server));
    if (this.#visit.request.method !== 'GET' || !isEventStream(raw)) return undefined;
    const isEncoded = hasHeader(raw, 'content-encoding', (value) => value.toLowerCase() !== 'identity');
    return isEncoded
      ? new Failure(
          'response_malformed',
          'response',
          new Error('an event stream is encoded though none was accepted'),
        )
      : new EndpointFilter(this.#rewriting(route.server));
  }

  #rewriting(server: string): RewriteContext {
    const { decision, target } = this.#to;
    return {
      server,
      protocol: decision.kind === 'tls' ? 'https' : 'http',
      authority: decision.authority,
      target,
      isOwnListener: this.#context.isOwnListener,
      cookiePath: isBelowServer(this.#visit.request, server) ? undefined : `/${server}`,
    };
  }

  #oauth(server: string): OauthContext {
    return { ...this.#rewriting(server), origin: `http://${clientHost(this.#visit.request)}` };
  }
}

/** Whether a head is one that passes in the same way whatever was asked. */
function isOrdinary({ status, headers, contentLength }: ResponseHead): boolean {
  const mayBeJudged =
    status < 200 ||
    status > 299 ||
    leadsAnywhere(headers) ||
    isEventStream(headers) ||
    hasHeader(headers, 'www-authenticate');
  return contentLength !== '' && !mayBeJudged;
}

/** Whether anything in a head speaks of places: most do not. */
function leadsAnywhere(headers: RawHeaders): boolean {
  return hasHeader(headers, 'location') || hasHeader(headers, 'set-cookie');
}

/** As the client wrote it; the route has judged it. */
function clientHost({ url = '', rawHeaders }: ClientRequest): string {
  return /^http:\/\/([^/?]*)/i.exec(url)?.[1] ?? headerValues(rawHeaders, 'host')[0] ?? '127.0.0.1';
}

/** Whether the response to a GET may be the stream of the old SSE transport. */
function acceptsEventStream({ rawHeaders }: ClientRequest): boolean {
  return hasHeader(rawHeaders, 'accept', (value) => /text\/event-stream|\*\/\*|text\/\*/i.test(value));
}

/** Whether a 401 leads to OAuth metadata (RFC 9728 section 5.1), which speak of the real URL. */
function namesMetadata(raw: RawHeaders): boolean {
  return hasHeader(raw, 'www-authenticate', (value) => /\bresource_metadata\s*=/i.test(value));
}

/** Whether the client asked for something below `/SERVER/`: not for the bare name, nor for a well-known document. */
function isBelowServer({ url = '' }: ClientRequest, server: string): boolean {
  return url.replace(/^http:\/\/[^/]*/i, '').startsWith(`/${server}/`);
}

/** As the laxest client sees it: some look only for the words, wherever they stand. */
function isEventStream(raw: RawHeaders): boolean {
  return hasHeader(raw, 'content-type', (value) => /text\/event-stream/i.test(value));
}
