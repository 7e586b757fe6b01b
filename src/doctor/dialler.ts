import type { X509Certificate } from 'node:crypto';
import { TLSSocket } from 'node:tls';
import { Failure } from '../failure.ts';
import type { Way } from '../policy/decide.ts';
import type { Policy } from '../policy/policy.ts';
import { createTrustContext } from '../trust/secure-context.ts';
import { dial, type Dialled, type HandshakeEvent, type HandshakeListener } from '../upstream/dial.ts';
import type { AddressGuard } from '../upstream/prohibited-address.ts';
import type { Lookup } from '../upstream/resolve.ts';
import { complaintOf } from '../upstream/tls-complaint.ts';
import type { Connected } from './evidence.ts';
import { lenientPolicy, probePolicy } from './probe-policy.ts';

/** What dialling takes. */
export interface DiallerOptions {
  readonly lookup: Lookup;
  readonly guard: AddressGuard;
  readonly via: string;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** Dials one way as `serve` would, and by policies that only look. */
export class Dialler {
  /** What the name led to. */
  readonly addresses: string[] = [];
  /** The first handshake by the policy of the way. */
  handshake: HandshakeEvent | undefined;
  readonly #way: Way;
  readonly #options: DiallerOptions;

  constructor(way: Way, options: DiallerOptions) {
    this.#way = withoutIdentity(way);
    this.#options = options;
  }

  /** As `serve` does, but that no client certificate is shown where the server is not to be verified. */
  dial(): Promise<Dialled | Failure> {
    return this.#dial(this.#way.policy, {
      handshakeDone: (event) => (this.handshake ??= event),
      handshakeFailed: () => undefined,
    });
  }

  /** What was seen of the certificates on the way. */
  get seen(): readonly X509Certificate[] {
    return this.handshake?.presented ?? [];
  }

  /** What the server presents to somebody who believes nobody; closed at once. */
  async presented(): Promise<readonly X509Certificate[]> {
    const { policy } = this.#way;
    if (policy === undefined) return [];
    let event: HandshakeEvent | undefined;
    const dialled = await this.#dial(probePolicy(policy), {
      ...deaf,
      handshakeDone: (done) => void (event = done),
    });
    if (dialled instanceof Failure) return this.seen;
    dialled.socket.destroy();
    return event?.presented ?? this.seen;
  }

  /** What a client with every version and cipher would get; undefined where it is refused, too. */
  async lenient(): Promise<{ protocol: string; cipher: string } | undefined> {
    const { policy } = this.#way;
    const dialled = policy && (await this.#dial(lenientPolicy(policy), deaf));
    if (dialled === undefined || dialled instanceof Failure) return undefined;
    const { protocol = '', cipher = '' } = describe(dialled);
    dialled.socket.destroy();
    return { protocol, cipher };
  }

  /** Whether the server complains, unasked, to somebody who shows no certificate. */
  async wantsClientCertificate(): Promise<boolean> {
    const { policy } = this.#way;
    const dialled = policy && (await this.#dial(probePolicy(policy), deaf));
    if (dialled === undefined) return false;
    if (dialled instanceof Failure) return isAboutCertificate(dialled.cause);
    const error = await firstError(dialled);
    dialled.socket.destroy();
    return isAboutCertificate(error);
  }

  async #dial(policy: Policy | undefined, listener: HandshakeListener): Promise<Dialled | Failure> {
    const { lookup, guard, via, timeoutMs, signal } = this.#options;
    const recording: Lookup = async (name) => {
      const found = await lookup(name);
      if (this.addresses.length === 0) this.addresses.push(...found.map(({ address }) => address));
      return found;
    };
    const context = { guard, via, listener, lookup: recording };
    const dialled = await dial(context, { ...this.#way, policy }, { timeoutMs, signal });
    // It may die between two owners.
    if (!(dialled instanceof Failure)) dialled.socket.on('error', () => undefined);
    return dialled;
  }
}

/** A connection in words. */
export function describe({ socket, connectMs, handshakeMs }: Dialled): Connected {
  const tls = socket instanceof TLSSocket ? socket : undefined;
  const protocol = tls?.getProtocol() ?? undefined;
  return { connectMs, handshakeMs, protocol, cipher: tls?.getCipher().name };
}

/** Whoever answers gets to see a client certificate: not where that may be anybody. */
function withoutIdentity(way: Way): Way {
  const { policy } = way;
  if (policy?.verify !== false || !policy.hasIdentity) return way;
  const context = createTrustContext({ bundle: policy.bundle });
  return { ...way, policy: { ...policy, context, hasIdentity: false } };
}

const deaf: HandshakeListener = { handshakeDone: () => undefined, handshakeFailed: () => undefined };

/** Over TLS 1.3 the alert comes after the handshake. */
const alertWaitMs = 1_000;

function firstError({ socket }: Dialled): Promise<Error | undefined> {
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
