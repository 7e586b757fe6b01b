import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { Authority } from '../authority.ts';
import { Failure, type FailureReason, type Phase } from '../failure.ts';
import type { Policy } from '../policy/policy.ts';
import { classifyConnectError, classifyTlsError } from './classify.ts';
import { connectTcp } from './connect-tcp.ts';
import { handshake, hiddenVerdict } from './handshake.ts';
import type { AddressGuard } from './prohibited-address.ts';
import { literalAddress, type Lookup } from './resolve.ts';

/** Where to, and how it is verified. */
export interface DialTarget {
  /** The metric label. */
  readonly server: string;
  readonly authority: Authority;
  /** Undefined for plain http. */
  readonly policy: Policy | undefined;
  /** Whether an entry covers the authority: see {@link AddressGuard}. */
  readonly listed: boolean;
}

/** A connection that stands. */
export interface Dialled {
  readonly socket: Socket | TLSSocket;
  /** Resolution and TCP, milliseconds. */
  readonly connectMs: number;
  /** 0 for plain http. */
  readonly handshakeMs: number;
}

/** Hears of every handshake; telemetry implements it, app wires it. */
export interface HandshakeListener {
  handshakeDone(event: {
    server: string;
    resumed: boolean;
    durationMs: number;
    /** For an unverified full handshake: what verification would have said. */
    hidden: FailureReason | 'none' | undefined;
  }): void;
  handshakeFailed(event: { server: string; reason: FailureReason }): void;
}

/** What all dials share. */
export interface DialContext {
  readonly lookup: Lookup;
  readonly guard: AddressGuard;
  readonly listener: HandshakeListener;
}

/** What one dial needs beside its target. */
export interface DialOptions {
  /** For name resolution, all addresses and the handshake together. */
  readonly timeoutMs: number;
  /** Aborted when the client leaves, or with the {@link Failure} that ends it. */
  readonly signal: AbortSignal;
  readonly session?: Buffer | undefined;
  readonly onSession?: (session: Buffer, socket: TLSSocket) => void;
}

/** Resolves, checks, connects and shakes hands under one deadline. The only way out of this process. */
export async function dial(
  context: DialContext,
  target: DialTarget,
  options: DialOptions,
): Promise<Dialled | Failure> {
  const deadline = new AbortController();
  const timer = setTimeout(() => deadline.abort(new Error('deadline')), options.timeoutMs);
  try {
    return await new Dial(context, target, options, AbortSignal.any([deadline.signal, options.signal])).run();
  } finally {
    clearTimeout(timer);
  }
}

const timeoutReasons = {
  resolve: 'dns_timeout',
  connect: 'connect_timeout',
  handshake: 'tls_timeout',
} as const;

class Dial {
  readonly #context: DialContext;
  readonly #target: DialTarget;
  readonly #options: DialOptions;
  readonly #signal: AbortSignal;

  constructor(context: DialContext, target: DialTarget, options: DialOptions, signal: AbortSignal) {
    this.#context = context;
    this.#target = target;
    this.#options = options;
    this.#signal = signal;
  }

  async run(): Promise<Dialled | Failure> {
    const startedMs = performance.now();
    const tcp = await this.#connect();
    if (tcp instanceof Failure) return tcp;
    const connectMs = performance.now() - startedMs;
    if (this.#target.policy === undefined) return { socket: tcp, connectMs, handshakeMs: 0 };
    const socket = await this.#handshake(tcp, this.#target.policy);
    if (socket instanceof Failure) return socket;
    return { socket, connectMs, handshakeMs: performance.now() - startedMs - connectMs };
  }

  async #connect(): Promise<Socket | Failure> {
    const { authority, listed } = this.#target;
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
      return await connectTcp(allowed, authority.port, this.#signal);
    } catch (error) {
      return this.#failure('connect', classifyConnectError(error), error);
    }
  }

  async #handshake(tcp: Socket, policy: Policy): Promise<TLSSocket | Failure> {
    const { server, authority } = this.#target;
    const { session, onSession } = this.#options;
    const startedMs = performance.now();
    try {
      const socket = await handshake({
        socket: tcp,
        policy,
        host: authority.host,
        session,
        onSession,
        signal: this.#signal,
      });
      const resumed = socket.isSessionReused();
      this.#context.listener.handshakeDone({
        server,
        resumed,
        durationMs: performance.now() - startedMs,
        hidden: policy.verify || resumed ? undefined : hiddenVerdict(socket),
      });
      return socket;
    } catch (error) {
      const failure = this.#failure('handshake', classifyTlsError(error), error);
      if (!this.#options.signal.aborted)
        this.#context.listener.handshakeFailed({ server, reason: failure.reason });
      return failure;
    }
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

function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason as Error);
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    promise.then(resolve, reject);
  });
}
