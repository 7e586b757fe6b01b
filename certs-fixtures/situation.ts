import type { TlsOptions } from 'node:tls';
import type { FailureReason } from '../src/failure.ts';
import type { Ca } from './create-ca.ts';
import type { Leaf } from './issue-leaf.ts';

/** What the sidecar makes of a server: its answer comes through, or the reason why not. */
export type Verdict = 'accepted' | FailureReason;

/** A server that speaks TLS. */
export interface TlsServer {
  /** What it presents to a client that dials the host of the situation. */
  readonly leaf: Leaf;
  /** What it presents to those that send no server name, or one that it does not know. */
  readonly otherwise?: Leaf;
  readonly tls?: Pick<
    TlsOptions,
    'minVersion' | 'maxVersion' | 'ciphers' | 'requestCert' | 'rejectUnauthorized' | 'ca'
  >;
}

/** A peer that answers the ClientHello with something else. */
export type Peer = 'plaintext' | 'reset' | 'fin' | 'stall' | 'TLS 1.0' | 'TLS 1.1';

/** All that it takes to set a situation up. */
export interface Setup {
  /** The name or address in the url. */
  readonly host: string;
  /** PEM: the only anchors of the client. */
  readonly bundle: string;
  readonly server: TlsServer | Peer;
  /** What the client shows to a server that asks for it. */
  readonly client?: Leaf;
  /** What the sidecar alone can be told: `pin_sha256`. */
  readonly pins?: readonly string[];
}

/** One thing that a server can do to its clients, and what is to become of it. */
export interface Situation {
  /** Kebab-case, and the name of its folder where it is written out. */
  readonly id: string;
  readonly title: string;
  /** By the sidecar's defaults. */
  readonly expected: Verdict;
  /** With `tls.strict`. */
  readonly strict: Verdict;
  /** Why, in one line. */
  readonly because: string;
  /** Why not all clients see it so, in one line; left out where they all do. */
  readonly differs?: string;
  /** Makes keys and certificates at the first call, and returns the same ones from then on. */
  readonly setUp: () => Setup;
}

/** Situations as they are written down in the catalogue: `strict` is left out where it makes no difference. */
export interface SituationDraft extends Omit<Situation, 'strict'> {
  readonly strict?: Verdict;
}

/** The name that servers are called by unless a situation is about names. */
export const host = 'mcp.test';

/** Completes drafts; keys are made when somebody asks for them, for RSA takes its time. */
export function situations(drafts: readonly SituationDraft[]): readonly Situation[] {
  return drafts.map((draft) => {
    let made: Setup | undefined;
    return { ...draft, strict: draft.strict ?? draft.expected, setUp: () => (made ??= draft.setUp()) };
  });
}

const strictOnly =
  'Only clients that set X509_V_FLAG_X509_STRICT look at it, as CPython does from 3.13 on; naming the CA to them does not cure it.';

/** What `tls.strict` refuses and nothing else does. @param more who else refuses it, or does not */
export function refusedByStrict(
  id: string,
  title: string,
  because: string,
  setUp: () => Setup,
  more = '',
): SituationDraft {
  return {
    id,
    title,
    expected: 'accepted',
    strict: 'tls_cert_strict',
    because,
    differs: strictOnly + more,
    setUp,
  };
}

/** A server that presents a leaf to clients that believe these CAs. */
export function presenting(
  leaf: Leaf,
  bundle: Ca | string,
  more: Partial<Setup> & { readonly otherwise?: Leaf; readonly tls?: TlsServer['tls'] } = {},
): Setup {
  const { otherwise, tls, ...rest } = more;
  const server = { leaf, ...(otherwise && { otherwise }), ...(tls && { tls }) };
  return { host, bundle: typeof bundle === 'string' ? bundle : bundle.pem, server, ...rest };
}

/** The leaf alone, as servers present it whose intermediate was forgotten. */
export const withoutChain = (leaf: Leaf): Leaf => ({ ...leaf, chain: leaf.certificate });

/** A moment that many days from now. */
export const inDays = (days: number): Date => new Date(Date.now() + days * 86_400_000);
