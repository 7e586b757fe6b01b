import type { Authority } from '../authority.ts';
import type { AddressBlock } from '../ip-address.ts';
import type { Problem } from './problem.ts';
import type { ServerPart } from './server-part.ts';

/** A configuration file after reading: every value is legal, every default filled in, every path absolute. */
export interface Config {
  /** The file as it was named, or undefined for the embedded default. */
  readonly file: string | undefined;
  /** SHA-256 of the file's bytes, hex. */
  readonly sha256: string;
  /** `mcp_servers`, in the order of the file, without the stdio ones. */
  readonly servers: readonly ServerEntry[];
  /** `mcp_tls_sidecar.hosts`, in the order of the file. */
  readonly hosts: readonly HostEntry[];
  readonly settings: Settings;
  /** The source line of a place with a caret and with secrets as `…`: for problems that show only later. */
  readonly excerptAt: (position: Position) => string | undefined;
  /** The servers as they were parsed, for the next file. */
  readonly parts: readonly ServerPart[];
}

/** `ssl_verify` as written, after inheritance. */
export type SslVerify =
  | { readonly kind: 'default' }
  | { readonly kind: 'off' }
  | { readonly kind: 'path'; readonly path: string }
  | { readonly kind: 'pem'; readonly pem: string };

/** Where the keys of `tls` that name files stand; an absent one is not written. */
export type TlsPositions = Readonly<Partial<Record<'tls.verify_with' | 'tls.client_certificate', Position>>>;

/** What both kinds of entries share. */
interface EntryBase {
  /** The metric label: the server's name or the host entry's key. */
  readonly name: string;
  readonly sslVerify: SslVerify;
  readonly tls: TlsSettings;
  /**
   * A digest of all that the entry says, inheritance and environment applied: where it is equal, the entry did not
   * change between two files.
   */
  readonly identity: string;
  /** Where a problem with the entry's trust is reported: the value of `ssl_verify`, else the entry's key. */
  readonly trustPosition: Position;
  /** Where a problem with a file that `tls` names is reported; without it, at `trustPosition`. */
  readonly tlsPositions?: TlsPositions;
  /** What spoils this entry alone (an unset variable, say): it answers `configuration_unusable`. */
  readonly spoiledBy: Problem | undefined;
}

/** One item of `mcp_servers` that has a URL. */
export interface ServerEntry extends EntryBase {
  readonly kind: 'server';
  /** False where the name fits no URL path segment: reachable in absolute form only. */
  readonly hasBaseUrl: boolean;
  readonly upstream: Upstream;
  /** Whether it stands at `tls.upstream_url`: `url` is what clients of the same file use. */
  readonly hasUpstreamUrl: boolean;
}

/**
 * The server's real address: `tls.upstream_url`, else `url`. Of an entry that is spoiled because its URL cannot be
 * told it is `https://unset.invalid/`, which never resolves (RFC 6761).
 */
export interface Upstream {
  readonly protocol: 'https' | 'http';
  readonly authority: Authority;
  /** The path of the URL, `/` at least; never a query. */
  readonly path: string;
}

/** One item of `mcp_tls_sidecar.hosts`. */
export interface HostEntry extends EntryBase {
  readonly kind: 'host';
  /** `tunnel`: a CONNECT is relayed blindly. */
  readonly action: 'verify' | 'tunnel' | 'deny';
  readonly pattern: HostPattern;
}

/** `*.corp.test`, `mcp.corp.test` or `mcp.corp.test:8443`. */
export interface HostPattern {
  /** Normalised; for a wildcard what follows `*.`. */
  readonly host: string;
  readonly wildcard: boolean;
  readonly port: number;
  /** Whether the port was written: with port goes before without. */
  readonly portWritten: boolean;
}

/** The `tls` key of an entry. */
export interface TlsSettings {
  readonly systemRoots: boolean;
  /** Normalised host that is sent as SNI and verified, where it is not the authority's. */
  readonly serverName: string | undefined;
  /** SHA-256 of public keys (SPKI) in base64: the leaf has to have one of them, verified besides. Empty: any. */
  readonly pins: readonly string[];
  readonly minVersion: 'TLSv1.2' | 'TLSv1.3';
  /** PEM files by their absolute paths. */
  readonly clientCertificate: { readonly certificate: string; readonly key: string } | undefined;
  /** Whether what Python 3.13 refuses is refused too. */
  readonly strict: boolean;
  /** From when on it is verified all the same; only where `sslVerify` is off. */
  readonly insecureUntil: InsecureUntil | undefined;
  /** Why it is not verified, one line for people; only where `sslVerify` is off. */
  readonly insecureReason: string | undefined;
  /** The trust for shadow verification, and for verification after `insecureUntil`; never off. */
  readonly verifyWith: SslVerify | undefined;
  readonly rewriteOauth: boolean;
}

/** A moment, and how it was written. */
export interface InsecureUntil {
  readonly atMs: number;
  readonly text: string;
}

/** The `mcp_tls_sidecar` key without `hosts`. */
export interface Settings {
  /** At least one. */
  readonly listen: readonly ListenAddress[];
  readonly admin: ListenAddress;
  /** How an entry is verified that says nothing, and what `doctor` verifies a host by that has none. */
  readonly sslVerify: SslVerify;
  /** CONNECT to a host without an entry: a blind tunnel, or a refusal. */
  readonly unlistedHosts: 'pass' | 'deny';
  readonly unlistedPlaintext: 'deny' | 'pass';
  readonly ca: CaSettings;
  readonly upstreamProxy: UpstreamProxySettings | undefined;
  readonly noProxy: readonly NoProxyRule[];
  /** Whether peers beyond loopback are served, by the CONNECT route alone. */
  readonly allowRemoteClients: boolean;
  readonly timeouts: { readonly dialMs: number; readonly responseMs: number; readonly drainMs: number };
  readonly limits: { readonly connections: number; readonly headerBytes: number };
  readonly log: {
    readonly level: 'debug' | 'info' | 'warn' | 'error';
    readonly requests: 'all' | 'failures' | 'none';
  };
  /** Normalised hosts, no ports. */
  readonly allowedHosts: readonly string[];
}

/** The `ca` key: the local CA, which clients of the CONNECT route believe. All paths are absolute. */
export interface CaSettings {
  /** Where `ca.pem` and `ca-bundle.pem` are written. */
  readonly directory: string;
  /** Below which the key of the generated CA is kept; undefined where none can be told: memory only. */
  readonly stateDirectory: string | undefined;
  /** The user's own CA, in place of a generated one. */
  readonly brought: { readonly certificate: string; readonly key: string } | undefined;
  /** What the generated CA is constrained to; empty: nothing. */
  readonly permittedDomains: readonly PermittedDomain[];
  /** Where a problem with the CA is reported: the `ca` key, else `mcp_tls_sidecar`, else the top of the file. */
  readonly position: Position;
}

/** A subtree of X.509 name constraints (RFC 5280 section 4.2.1.10): a name and all below it, or a block of addresses. */
export type PermittedDomain =
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'addresses'; readonly block: AddressBlock };

/** `upstream_proxy`. */
export interface UpstreamProxySettings {
  readonly protocol: 'http' | 'https';
  readonly authority: Authority;
  /** The value of `Proxy-Authorization`, where the URL has credentials. Never shown. */
  readonly authorization: string | undefined;
  /** How the TLS to an https proxy is verified: `mcp_tls_sidecar.ssl_verify`, else default trust. */
  readonly sslVerify: SslVerify;
  readonly position: Position;
}

/** An item of `no_proxy`: what is dialled directly; without a port, on every one. */
export type NoProxyRule = { readonly port: number | undefined } & (
  | { readonly kind: 'host'; readonly host: string }
  /** With its leading dot, `.corp.test`: every name below, not the name itself. */
  | { readonly kind: 'suffix'; readonly suffix: string }
  /** For IP literals: names are not resolved to look. */
  | { readonly kind: 'addresses'; readonly block: AddressBlock }
);

/** An address to bind. Port 0 asks for any free port. */
export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

/** 1-based place in the configuration file. */
export interface Position {
  readonly line: number;
  readonly column: number;
}
