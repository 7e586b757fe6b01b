import type { X509Certificate } from 'node:crypto';
import type { Authority } from '../authority.ts';
import type { HostEntry, ListenAddress, ServerEntry, SslVerify } from '../config/config.ts';
import type { Failure, FailureReason } from '../failure.ts';
import type { Policy } from '../policy/policy.ts';
import type { Bundle } from '../trust/bundle.ts';
import type { TlsComplaint } from '../upstream/tls-complaint.ts';

/** What a target is dialled by, in the terms of the configuration. */
export interface Subject {
  /** As it was asked for: a server's name, a URL, a host. */
  readonly label: string;
  readonly authority: Authority;
  readonly protocol: 'https' | 'http';
  /** The path of the URL, without a query. */
  readonly path: string;
  /** The entry that covers it; undefined where none does and default trust stands in. */
  readonly entry: ServerEntry | HostEntry | undefined;
  /** How it is verified, inheritance applied. */
  readonly sslVerify: SslVerify;
  /** Where clients find the sidecar. */
  readonly listen: ListenAddress;
  /** What else there is to say on how it was found. */
  readonly notes: readonly string[];
}

/** A bundle at hand, and who uses it. */
export interface NamedBundle {
  readonly bundle: Bundle;
  /** How `ssl_verify` names it; undefined where one line cannot (`system_roots`, inline PEM). */
  readonly sslVerify: string | true | undefined;
}

/** A connection that stood. */
export interface Connected {
  readonly connectMs: number;
  /** 0 for plain http. */
  readonly handshakeMs: number;
  /** `TLSv1.3`; undefined for plain http. */
  readonly protocol: string | undefined;
  readonly cipher: string | undefined;
}

/** What HTTP, or MCP, came to. */
export type Answer =
  | { readonly kind: 'answered'; readonly status: number; readonly words: string }
  /** It answered, and not as it should. */
  | { readonly kind: 'unfit'; readonly words: string; readonly wantsClientCertificate?: boolean }
  | { readonly kind: 'failed'; readonly failure: Failure }
  | { readonly kind: 'skipped'; readonly words: string };

/** All that was found out about one target. */
export interface Evidence {
  readonly subject: Subject;
  readonly nowMs: number;
  /** Why `serve` could not use it; undefined where the connection stood. */
  readonly failure: Failure | undefined;
  /** What OpenSSL complained of in the handshake, finer than the reason. */
  readonly complaint: TlsComplaint | undefined;
  /** Undefined for plain http, and where the configuration refuses. */
  readonly policy: Policy | undefined;
  readonly throughProxy: boolean;
  /** What the name led to; empty where it was not asked for. */
  readonly addresses: readonly string[];
  readonly connected: Connected | undefined;
  /** What the server sent, the leaf first; empty where it is not known. */
  readonly presented: readonly X509Certificate[];
  /** For `ssl_verify: false`: what verification would have said. */
  readonly hidden: FailureReason | 'none' | undefined;
  /** What a client without any standards got, where the handshake was refused: `TLSv1.1`, say. */
  readonly lenient: { readonly protocol: string; readonly cipher: string } | undefined;
  /** Whether it turned out to want a client certificate, where it cut a connection that showed one. */
  readonly wantsClientCertificate: boolean;
  /** Whether it was only seen as it passed: nobody asked for `lenient` and `wantsClientCertificate`. */
  readonly isOverheard?: boolean;
  readonly bundles: readonly NamedBundle[];
  readonly http: Answer;
  /** Undefined where it was not asked for. */
  readonly mcp: { readonly initialize: Answer; readonly tools: Answer } | undefined;
}

/** The verdict on the certificate, whether it counted or was hidden by `ssl_verify: false`. */
export function certificateReason({ failure, hidden }: Evidence): FailureReason | undefined {
  if (failure !== undefined) return failure.reason.startsWith('tls_cert_') ? failure.reason : undefined;
  return hidden === 'none' ? undefined : hidden;
}

/** The name that is verified. */
export function identityOf({ subject, policy }: Evidence): string {
  return policy?.serverName ?? subject.authority.host;
}
