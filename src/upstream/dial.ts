import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { Authority } from '../authority.ts';
import { Failure, type FailureReason, type Phase } from '../failure.ts';
import type { Way } from '../policy/decide.ts';
import type { Policy } from '../policy/policy.ts';
import type { UpstreamProxy } from '../policy/upstream-proxy.ts';
import { classifyConnectError, classifyTlsError } from './classify.ts';
import { connectTcp } from './connect-tcp.ts';
import type { Chain } from '../trust/build-chain.ts';
import { handshake, hiddenVerdict } from './handshake.ts';
import { chainUnder, presentedBy, type Presented } from './peer-chain.ts';
import type { AddressGuard } from './prohibited-address.ts';
import { openProxyTunnel } from './proxy-tunnel.ts';
import { literalAddress, type Lookup } from './resolve.ts';

/** A connection that stands. */
export interface Dialled {
  readonly socket: Socket | TLSSocket;
  /** Resolution and TCP, milliseconds. */
  readonly connectMs: number;
  /** 0 for plain http. */
  readonly handshakeMs: number;
  /** Whether it ends at the upstream proxy: plain http is sent there in absolute form. */
  readonly isForwarded: boolean;
}

/** A handshake that succeeded. */
export interface HandshakeEvent {
  readonly server: string;
  readonly authority: Authority;
  readonly resumed: boolean;
  /** When its dial began, on the monotonic clock. */
  readonly begunMs: number;
  readonly durationMs: number;
  /** For an unverified full handshake: what verification would have said. */
  readonly hidden: FailureReason | 'none' | undefined;
  /** What the server sent, the leaf first; empty where a session was resumed. */
  readonly presented: Presented;
  /** The chain that it was verified or judged by; undefined where a session was resumed. */
  readonly chain: Chain | undefined;
}

/** A handshake that failed. */
export interface HandshakeFailedEvent {
  readonly server: string;
  readonly authority: Authority;
  readonly failure: Failure;
  /** When its dial began, on the monotonic clock. */
  readonly begunMs: number;
  /** What the server sent, the leaf first; empty where its certificate was not what failed. */
  readonly presented: Presented;
}

/** Hears of every handshake; telemetry implements it, app wires it. */
export interface HandshakeListener {
  handshakeDone(event: HandshakeEvent): void;
  handshakeFailed(event: HandshakeFailedEvent): void;
}

/** What all dials share. */
export interface DialContext {
  readonly lookup: Lookup;
  readonly guard: AddressGuard;
  /** Pseudonym of this process in the `Via` of a CONNECT to the upstream proxy. */
  readonly via: string;
  readonly listener: HandshakeListener;
}

/** How long the parts of a dial took, in milliseconds; undefined where it did not come to them. */
export interface DialTimes {
  /** Resolution and TCP; through an upstream proxy, all until its tunnel stands. */
  connectMs?: number;
  /** The TLS handshake with the server. */
  handshakeMs?: number;
}

/** What one dial needs beside its target. */
export interface DialOptions {
  /** For name resolution, all addresses and the handshake together. */
  readonly timeoutMs: number;
  /** Aborted when the client leaves, or with the {@link Failure} that ends it. */
  readonly signal: AbortSignal;
  /** Raw bytes will follow: plain http too needs a tunnel through the proxy, and half of it may end. */
  readonly raw?: boolean | undefined;
  /** Filled in as the parts of the dial end, those too that fail. */
  readonly times?: DialTimes | undefined;
  readonly session?: Buffer | undefined;
  readonly onSession?: (session: Buffer, socket: TLSSocket) => void;
}

/** Resolves, checks, connects and shakes hands under one deadline. The only way out of this process. */
export async function dial(
  context: DialContext,
  target: Way,
  options: DialOptions,
): Promise<Dialled | Failure> {
  const ending = new AbortController();
  const timer = setTimeout(() => ending.abort(new Error('deadline')), options.timeoutMs);
  // Not AbortSignal.any(), which lasts as long as the request does: a stream may be open for days.
  const onAbort = () => ending.abort(options.signal.reason);
  options.signal.addEventListener('abort', onAbort);
  if (options.signal.aborted) onAbort();
  try {
    return await new Dial(context, target, options, ending.signal).run();
  } finally {
    clearTimeout(timer);
    options.signal.removeEventListener('abort', onAbort);
  }
}

const timeoutReasons = {
  resolve: 'dns_timeout',
  connect: 'connect_timeout',
  handshake: 'tls_timeout',
} as const;

class Dial {
  readonly #context: DialContext;
  readonly #target: Way;
  readonly #options: DialOptions;
  readonly #signal: AbortSignal;
  readonly #begunMs = performance.now();

  constructor(context: DialContext, target: Way, options: DialOptions, signal: AbortSignal) {
    this.#context = context;
    this.#target = target;
    this.#options = options;
    this.#signal = signal;
  }

  async run(): Promise<Dialled | Failure> {
    const { policy, proxy } = this.#target;
    const { times = {} } = this.#options;
    const tcp = await (proxy === undefined ? this.#connect() : this.#connectThrough(proxy));
    const connectMs = performance.now() - this.#begunMs;
    times.connectMs = connectMs;
    if (tcp instanceof Failure) return tcp;
    const isForwarded = proxy !== undefined && !this.#needsTunnel();
    if (policy === undefined) return { socket: tcp, connectMs, handshakeMs: 0, isForwarded };
    const socket = await this.#handshake(tcp, policy);
    const handshakeMs = performance.now() - this.#begunMs - connectMs;
    times.handshakeMs = handshakeMs;
    return socket instanceof Failure ? socket : { socket, connectMs, handshakeMs, isForwarded };
  }

  #needsTunnel(): boolean {
    return this.#target.policy !== undefined || this.#options.raw === true;
  }

  /** The proxy resolves names: of the target itself only a literal can be checked. */
  async #connectThrough(proxy: UpstreamProxy): Promise<Socket | Failure> {
    const { authority, listed } = this.#target;
    const literal = literalAddress(authority.host);
    if (literal !== undefined && this.#context.guard.prohibits(literal.address, authority, listed))
      return new Failure('address_prohibited', 'resolve');
    const socket = await this.#reachProxy(proxy);
    if (socket instanceof Failure || !this.#needsTunnel()) return socket;
    // Its next owner hears of its end by `close`.
    socket.on('error', () => undefined);
    const { authorization } = proxy;
    const { via } = this.#context;
    const refused = await openProxyTunnel(socket, {
      authority,
      authorization,
      via,
      signal: this.#signal,
    }).catch((error: unknown) => byProxy(this.#failure('connect', 'upstream_proxy_refused', error)));
    if (refused === undefined) return socket;
    socket.destroy();
    return refused;
  }

  async #reachProxy({ authority, policy }: UpstreamProxy): Promise<Socket | Failure> {
    // The configuration names it: a literal that is prohibited to others is meant.
    const tcp = await this.#connect(authority, true);
    if (tcp instanceof Failure) return ofProxy(tcp);
    if (policy === undefined) return tcp;
    try {
      return await handshake({ socket: tcp, policy, host: authority.host, signal: this.#signal });
    } catch (error) {
      return this.#handshakeFailed(ofProxy(this.#handshakeFailure(error)), []);
    }
  }

  async #connect(
    authority = this.#target.authority,
    listed = this.#target.listed,
  ): Promise<Socket | Failure> {
    const literal = literalAddress(authority.host);
    let addresses = literal === undefined ? undefined : [literal];
    try {
      addresses ??= [...(await untilAborted(this.#context.lookup(authority.host), this.#signal))];
    } catch (error) {
      return this.#failure('resolve', 'dns_failed', error);
    }
    if (addresses.length === 0) return new Failure('dns_failed', 'resolve');
    const allowed = addresses.filter(
      ({ address }) => !this.#context.guard.prohibits(address, authority, listed),
    );
    if (allowed.length === 0) return new Failure('address_prohibited', 'resolve');
    try {
      const allowHalfOpen = this.#options.raw === true;
      return await connectTcp(allowed, { port: authority.port, signal: this.#signal, allowHalfOpen });
    } catch (error) {
      return this.#failure('connect', classifyConnectError(error), error);
    }
  }

  async #handshake(tcp: Socket, policy: Policy): Promise<TLSSocket | Failure> {
    const { server, authority } = this.#target;
    const { session, onSession } = this.#options;
    const startedMs = performance.now();
    let refused: Presented = [];
    try {
      const socket = await handshake({
        socket: tcp,
        policy,
        host: authority.host,
        session,
        onSession,
        signal: this.#signal,
        onRefused: (presented) => (refused = presented),
      });
      const durationMs = performance.now() - startedMs;
      const resumed = socket.isSessionReused();
      const presented = resumed ? [] : presentedBy(socket);
      this.#context.listener.handshakeDone({
        server,
        authority,
        resumed,
        begunMs: this.#begunMs,
        durationMs,
        hidden: policy.verify || resumed ? undefined : hiddenVerdict(socket),
        presented,
        chain: chainUnder(policy.bundle, presented),
      });
      return socket;
    } catch (error) {
      return this.#handshakeFailed(this.#handshakeFailure(error), refused);
    }
  }

  #handshakeFailure(error: unknown): Failure {
    return this.#failure('handshake', classifyTlsError(error), error);
  }

  #handshakeFailed(failure: Failure, presented: Presented): Failure {
    const { server, authority } = this.#target;
    if (!this.#options.signal.aborted)
      this.#context.listener.handshakeFailed({
        server,
        authority,
        failure,
        begunMs: this.#begunMs,
        presented,
      });
    return failure;
  }

  #failure(phase: Phase & keyof typeof timeoutReasons, reason: FailureReason, cause: unknown): Failure {
    const { signal } = this.#options;
    if (signal.aborted)
      return signal.reason instanceof Failure
        ? signal.reason
        : new Failure('downstream_aborted', phase, cause);
    return new Failure(this.#signal.aborted ? timeoutReasons[phase] : reason, phase, cause);
  }
}

/** What befell the proxy is not to be looked for at the server. */
function ofProxy(failure: Failure): Failure {
  const { reason, phase, cause, sentence, hint } = failure;
  if (reason === 'downstream_aborted' || reason === 'draining') return failure;
  return new Failure(reason, phase, cause, {
    sentence: `the upstream proxy cannot be used: ${sentence}`,
    hint: `this is about mcp_tls_sidecar.upstream_proxy: ${hint}`,
    isOfProxy: true,
  });
}

/** The TCP connection stands, so that the words of a timeout are not the ones. */
function byProxy(failure: Failure): Failure {
  const { reason, phase, cause } = failure;
  if (reason !== 'connect_timeout') return failure;
  return new Failure(reason, phase, cause, {
    sentence: 'the upstream proxy did not connect to it in time',
    hint: 'look at the log of the proxy, and whether the server can be reached from there; or raise mcp_tls_sidecar.timeouts.dial',
  });
}

function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason as Error);
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    promise.then(resolve, reject);
  });
}
