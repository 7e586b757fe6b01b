import { Failure } from '../failure.ts';
import type { Way } from '../policy/decide.ts';
import type { Policy } from '../policy/policy.ts';
import type { Dialled } from '../upstream/dial.ts';
import { chainUnder } from '../upstream/peer-chain.ts';
import { complaintOf } from '../upstream/tls-complaint.ts';
import { isValidAt } from '../trust/certificate-facts.ts';
import { askHttp } from './ask-http.ts';
import { askMcp, type McpAnswers } from './ask-mcp.ts';
import { describe, Dialler, type DiallerOptions } from './dialler.ts';
import type { Answer, Connected, Evidence, NamedBundle } from './evidence.ts';
import type { Target } from './find-targets.ts';
import { HttpSession } from './http-session.ts';

/** What all examinations share. */
export interface ExamineOptions extends Pick<DiallerOptions, 'lookup' | 'guard' | 'via'> {
  readonly dialMs: number;
  /** For all that is done about one target. */
  readonly budgetMs: number;
  readonly headerBytes: number;
  readonly bundles: readonly NamedBundle[];
  readonly mcp: boolean;
  /** What is presented is wanted in any case, for a file. */
  readonly wantsChain: boolean;
}

/** What is left of the budget when a dial is given up: the rest of the evidence is of use without it. */
const reserveMs = 300;

/** Dials a target as `serve` would and finds out what there is to know of it. Ends every socket. */
export async function examine(target: Target, options: ExamineOptions): Promise<Evidence> {
  const { way } = target;
  const skipped = options.mcp ? { initialize: notReached, tools: notReached } : undefined;
  if (way instanceof Failure) return unreached(target, options, way, skipped);
  const deadline = new AbortController();
  const { budgetMs, dialMs } = options;
  const timer = setTimeout(() => deadline.abort(new Failure('response_timeout', 'response')), budgetMs);
  const { signal } = deadline;
  const timeoutMs = Math.min(dialMs, budgetMs - reserveMs);
  const dialler = new Dialler(way, { ...options, timeoutMs, signal });
  try {
    return await new Examination({ target, way, options, dialler, signal, skipped }).run();
  } finally {
    clearTimeout(timer);
  }
}

interface Parts {
  readonly target: Target;
  readonly way: Way;
  readonly options: ExamineOptions;
  readonly dialler: Dialler;
  readonly signal: AbortSignal;
  readonly skipped: McpAnswers | undefined;
}

class Examination {
  readonly #parts: Parts;
  #connected: Connected | undefined;
  #http: Answer = notReached;
  #mcp: McpAnswers | undefined;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#mcp = parts.skipped;
  }

  async run(): Promise<Evidence> {
    const { way, dialler, options } = this.#parts;
    const dialled = await dialler.dial();
    if (dialled instanceof Failure) return this.#afterFailure(dialled);
    this.#connected = describe(dialled);
    if (way.policy?.verify === false) this.#sendNothing(dialled);
    else await this.#ask(dialled);
    const late = this.#lateFailure();
    if (late !== undefined) return this.#afterFailure(late);
    const isKnown = way.policy?.verify === true && !options.wantsChain && this.#isPlausible(way.policy);
    const presented = isKnown ? dialler.seen : await dialler.presented();
    return this.#evidence(undefined, { presented });
  }

  /** Nothing is ever said on a connection that is not verified. */
  #sendNothing({ socket }: Dialled): void {
    socket.destroy();
    this.#http = unverified;
    if (this.#mcp !== undefined) this.#mcp = { initialize: unverified, tools: unverified };
  }

  /**
   * Of two certificates of one issuer Node shows one on a verified connection, which need not be the one that OpenSSL
   * took: a chain that was verified and has expired is not the one that was verified.
   */
  #isPlausible(policy: Policy): boolean {
    const chain = chainUnder(policy.bundle, this.#parts.dialler.seen);
    return chain?.certificates.every((one) => isValidAt(one, Date.now())) === true;
  }

  /** Over TLS 1.3 a server judges the client after the handshake: by an alert, or by cutting it off. */
  #lateFailure(): Failure | undefined {
    if (this.#http.kind !== 'failed') return undefined;
    const { failure } = this.#http;
    const isCut = failure.reason === 'connection_lost' && this.#parts.way.policy?.hasIdentity === true;
    return isCut || failure.phase === 'handshake' ? failure : undefined;
  }

  /** Refused for the certificate: what was it? Refused by an alert: would another client have been taken? */
  async #afterFailure(failure: Failure): Promise<Evidence> {
    const { way, dialler } = this.#parts;
    const { reason, phase } = failure;
    if (reason.startsWith('tls_cert_'))
      return this.#evidence(failure, { presented: await dialler.presented() });
    const presented = dialler.seen;
    if (reason === 'connection_lost' && way.policy?.hasIdentity === true)
      return this.#evidence(failure, {
        presented,
        wantsClientCertificate: await dialler.wantsClientCertificate(),
      });
    const isRefused = reason === 'tls_alert_received' || reason === 'tls_protocol_error';
    const lenient = isRefused && phase === 'handshake' ? await dialler.lenient() : undefined;
    return this.#evidence(failure, { presented, lenient });
  }

  async #ask(dialled: Dialled): Promise<void> {
    const { target, way, dialler, options, signal } = this.#parts;
    const { headerBytes } = options;
    const session = new HttpSession({ way, headerBytes, signal, dial: () => dialler.dial() }, dialled);
    const path = `${target.subject.path}${target.query}`;
    const scheme = way.policy === undefined ? 'http' : 'https';
    const origin = `${scheme}://${way.host}`;
    try {
      if (this.#mcp === undefined) this.#http = await askHttp(session, path);
      else {
        this.#mcp = await askMcp(session, { origin, target: path });
        this.#http = httpOf(this.#mcp.initialize);
      }
    } finally {
      session.close();
    }
  }

  #evidence(failure: Failure | undefined, more: Partial<Evidence>): Evidence {
    const { target, way, options, dialler, skipped } = this.#parts;
    return {
      ...unreached(target, options, failure, skipped),
      policy: way.policy,
      throughProxy: way.proxy !== undefined,
      addresses: dialler.addresses,
      connected: this.#connected,
      hidden: dialler.handshake?.hidden,
      http: this.#http,
      mcp: this.#mcp,
      ...more,
    };
  }
}

const notReached: Answer = { kind: 'skipped', words: 'not reached' };
const unverified: Answer = {
  kind: 'skipped',
  words: 'nothing is sent on a connection that is not verified',
};

/** The evidence of a target of which nothing was seen. */
function unreached(
  { subject }: Target,
  { bundles }: ExamineOptions,
  failure: Failure | undefined,
  mcp: McpAnswers | undefined,
): Evidence {
  return {
    subject,
    nowMs: Date.now(),
    failure,
    complaint: failure?.phase === 'handshake' ? complaintOf(failure.cause) : undefined,
    policy: undefined,
    throughProxy: false,
    addresses: [],
    connected: undefined,
    presented: [],
    hidden: undefined,
    lenient: undefined,
    wantsClientCertificate: false,
    bundles,
    http: notReached,
    mcp,
  };
}

/** HTTP works if `initialize` was answered at all. */
function httpOf(initialize: Answer): Answer {
  if (initialize.kind !== 'answered' && initialize.kind !== 'unfit') return initialize;
  return { kind: 'answered', status: 200, words: 'POST is answered' };
}
