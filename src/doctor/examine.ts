import type { X509Certificate } from 'node:crypto';
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { formatHostHeader } from '../authority.ts';
import { Failure } from '../failure.ts';
import type { Way } from '../policy/decide.ts';
import type { Policy } from '../policy/policy.ts';
import {
  dial,
  type Dialled,
  type DialContext,
  type HandshakeEvent,
  type HandshakeListener,
} from '../upstream/dial.ts';
import type { AddressGuard } from '../upstream/prohibited-address.ts';
import type { Lookup } from '../upstream/resolve.ts';
import { chainUnder } from '../upstream/peer-chain.ts';
import { complaintOf } from '../upstream/tls-complaint.ts';
import { askHttp } from './ask-http.ts';
import { askMcp, type McpAnswers } from './ask-mcp.ts';
import { isValidAt } from './certificate-words.ts';
import type { Answer, Connected, Evidence, NamedBundle } from './evidence.ts';
import type { Target } from './find-targets.ts';
import { HttpSession } from './http-session.ts';
import { lenientPolicy, probePolicy } from './probe-policy.ts';

/** What all examinations share. */
export interface ExamineOptions {
  readonly lookup: Lookup;
  readonly guard: AddressGuard;
  readonly via: string;
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
  const deadline = new AbortController();
  const timer = setTimeout(
    () => deadline.abort(new Failure('response_timeout', 'response')),
    options.budgetMs,
  );
  const examination = new Examination(target, options, deadline.signal);
  try {
    return await examination.run();
  } finally {
    clearTimeout(timer);
  }
}

class Examination {
  readonly #target: Target;
  readonly #options: ExamineOptions;
  readonly #signal: AbortSignal;
  readonly #addresses: string[] = [];
  #handshake: HandshakeEvent | undefined;
  #connected: Connected | undefined;
  #http: Answer = notReached;
  #mcp: McpAnswers | undefined;

  constructor(target: Target, options: ExamineOptions, signal: AbortSignal) {
    this.#target = target;
    this.#options = options;
    this.#signal = signal;
    if (options.mcp) this.#mcp = { initialize: notReached, tools: notReached };
  }

  async run(): Promise<Evidence> {
    const { way } = this.#target;
    if (way instanceof Failure) return this.#evidence(way);
    const dialled = await this.#dial(way);
    if (dialled instanceof Failure) return this.#afterFailure(way, dialled);
    this.#connected = describe(dialled);
    if (way.policy?.verify === false) {
      // Nothing is ever said on a connection that is not verified.
      dialled.socket.destroy();
      this.#http = unverified;
      if (this.#mcp !== undefined) this.#mcp = { initialize: unverified, tools: unverified };
    } else await this.#ask(way, dialled);
    const late = this.#lateFailure(way);
    if (late !== undefined) return this.#afterFailure(way, late);
    const isKnown = way.policy?.verify === true && !this.#options.wantsChain && this.#isPlausible(way.policy);
    const presented = isKnown ? this.#seen() : await this.#probe(way);
    return this.#evidence(undefined, { presented });
  }

  /**
   * Of two certificates of one issuer Node shows one on a verified connection, which need not be the one that OpenSSL
   * took: a chain that was verified and has expired is not the one that was verified.
   */
  #isPlausible(policy: Policy): boolean {
    const chain = chainUnder(policy.bundle, this.#seen());
    return chain?.certificates.every((one) => isValidAt(one, Date.now())) === true;
  }

  /** Over TLS 1.3 a server judges the client after the handshake: by an alert, or by cutting it off. */
  #lateFailure({ policy }: Way): Failure | undefined {
    if (this.#http.kind !== 'failed') return undefined;
    const { failure } = this.#http;
    const isCut = failure.reason === 'connection_lost' && policy?.hasIdentity === true;
    return isCut || failure.phase === 'handshake' ? failure : undefined;
  }

  /** Refused for the certificate: what was it? Refused by an alert: would another client have been taken? */
  async #afterFailure(way: Way, failure: Failure): Promise<Evidence> {
    if (failure.reason.startsWith('tls_cert_')) {
      const presented = await this.#probe(way);
      return this.#evidence(failure, { presented });
    }
    if (failure.reason === 'connection_lost' && way.policy?.hasIdentity === true) {
      const wantsClientCertificate = await this.#asksForCertificate(way, way.policy);
      return this.#evidence(failure, { presented: this.#seen(), wantsClientCertificate });
    }
    const isRefused = failure.reason === 'tls_alert_received' || failure.reason === 'tls_protocol_error';
    if (!isRefused || failure.phase !== 'handshake')
      return this.#evidence(failure, { presented: this.#seen() });
    const lenient = way.policy && (await this.#silentDial(way, lenientPolicy(way.policy)));
    return this.#evidence(failure, {
      presented: this.#seen(),
      lenient: lenient && {
        protocol: lenient.connected.protocol ?? '',
        cipher: lenient.connected.cipher ?? '',
      },
    });
  }

  async #ask(way: Way, dialled: Dialled): Promise<void> {
    const { headerBytes } = this.#options;
    const session = new HttpSession(
      { way, headerBytes, signal: this.#signal, dial: () => this.#dial(way) },
      dialled,
    );
    const target = `${this.#target.subject.path}${this.#target.query}`;
    const scheme = way.policy === undefined ? 'http' : 'https';
    const origin = `${scheme}://${formatHostHeader(way.authority, scheme)}`;
    try {
      if (this.#mcp === undefined) this.#http = await askHttp(session, target);
      else {
        this.#mcp = await askMcp(session, { origin, target });
        this.#http = httpOf(this.#mcp.initialize);
      }
    } finally {
      session.close();
    }
  }

  /** What the server presents to somebody who believes nobody; closed at once. */
  async #probe(way: Way): Promise<readonly X509Certificate[]> {
    if (way.policy === undefined) return [];
    const probed = await this.#silentDial(way, probePolicy(way.policy));
    return probed?.event.presented ?? this.#seen();
  }

  async #silentDial(
    way: Way,
    policy: Way['policy'],
  ): Promise<{ event: HandshakeEvent; connected: Connected } | undefined> {
    // Without a policy it would be plain http.
    if (policy === undefined) return undefined;
    let event: HandshakeEvent | undefined;
    const listener = {
      handshakeDone: (done: HandshakeEvent) => void (event = done),
      handshakeFailed: () => undefined,
    };
    const dialled = await dial({ ...this.#context(), listener }, { ...way, policy }, this.#dialOptions());
    if (dialled instanceof Failure) return undefined;
    const connected = describe(dialled);
    dialled.socket.destroy();
    return event && { event, connected };
  }

  /** Whether the server complains, unasked, to somebody who shows no certificate. */
  async #asksForCertificate(way: Way, policy: Policy): Promise<boolean> {
    const dialled = await dial(
      { ...this.#context(), listener: deaf },
      { ...way, policy: probePolicy(policy) },
      this.#dialOptions(),
    );
    if (dialled instanceof Failure) return isAboutCertificate(dialled.cause);
    const error = await firstError(dialled.socket);
    dialled.socket.destroy();
    return isAboutCertificate(error);
  }

  #dial(way: Way): Promise<Dialled | Failure> {
    return dial(this.#context(), way, this.#dialOptions());
  }

  #dialOptions(): { timeoutMs: number; signal: AbortSignal } {
    const { dialMs, budgetMs } = this.#options;
    return { timeoutMs: Math.min(dialMs, budgetMs - reserveMs), signal: this.#signal };
  }

  #context(): DialContext {
    const { guard, via } = this.#options;
    return {
      guard,
      via,
      lookup: async (name) => {
        const found = await this.#options.lookup(name);
        if (this.#addresses.length === 0) this.#addresses.push(...found.map(({ address }) => address));
        return found;
      },
      listener: {
        handshakeDone: (event) => (this.#handshake ??= event),
        handshakeFailed: () => undefined,
      },
    };
  }

  #seen(): readonly X509Certificate[] {
    return this.#handshake?.presented ?? [];
  }

  #evidence(failure: Failure | undefined, more: Partial<Evidence> = {}): Evidence {
    const { subject, way } = this.#target;
    return {
      subject,
      nowMs: Date.now(),
      failure,
      complaint: failure?.phase === 'handshake' ? complaintOf(failure.cause) : undefined,
      policy: way instanceof Failure ? undefined : way.policy,
      throughProxy: !(way instanceof Failure) && way.proxy !== undefined,
      addresses: this.#addresses,
      connected: this.#connected,
      presented: [],
      hidden: this.#handshake?.hidden,
      lenient: undefined,
      wantsClientCertificate: false,
      bundles: this.#options.bundles,
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

const deaf: HandshakeListener = { handshakeDone: () => undefined, handshakeFailed: () => undefined };

/** Over TLS 1.3 the alert comes after the handshake. */
const alertWaitMs = 1_000;

function firstError(socket: Socket): Promise<Error | undefined> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(undefined), alertWaitMs);
    const settle = (error?: Error) => {
      clearTimeout(timer);
      resolve(error);
    };
    socket
      .once('error', settle)
      .once('close', () => settle())
      .resume();
  });
}

function isAboutCertificate(error: unknown): boolean {
  const complaint = complaintOf(error);
  return complaint === 'client_certificate' || complaint === 'handshake_failure';
}

/** HTTP works if `initialize` was answered at all. */
function httpOf(initialize: Answer): Answer {
  if (initialize.kind !== 'answered' && initialize.kind !== 'unfit') return initialize;
  return { kind: 'answered', status: 200, words: 'POST is answered' };
}

function describe({ socket, connectMs, handshakeMs }: Dialled): Connected {
  const tls = socket instanceof TLSSocket ? socket : undefined;
  return {
    connectMs,
    handshakeMs,
    protocol: tls?.getProtocol() ?? undefined,
    cipher: tls?.getCipher().name,
  };
}
