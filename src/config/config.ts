import type { Authority } from '../authority.ts';
import type { Problem } from './problem.ts';

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
}

/** `ssl_verify` as written, after inheritance. */
export type SslVerify =
  | { readonly kind: 'default' }
  | { readonly kind: 'off' }
  | { readonly kind: 'path'; readonly path: string }
  | { readonly kind: 'pem'; readonly pem: string };

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
  /** What spoils this entry alone (an unset variable, say): it answers `configuration_unusable`. */
  readonly spoiledBy: Problem | undefined;
}

/** One item of `mcp_servers` that has a URL. */
export interface ServerEntry extends EntryBase {
  readonly kind: 'server';
  /** False where the name fits no URL path segment: reachable in absolute form only. */
  readonly hasBaseUrl: boolean;
  readonly upstream: Upstream;
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
  readonly action: 'verify' | 'deny';
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
}

/** The `mcp_tls_sidecar` key without `hosts`. */
export interface Settings {
  /** At least one. */
  readonly listen: readonly ListenAddress[];
  readonly admin: ListenAddress;
  readonly unlistedPlaintext: 'deny' | 'pass';
  readonly timeouts: { readonly dialMs: number; readonly responseMs: number; readonly drainMs: number };
  readonly limits: { readonly connections: number; readonly headerBytes: number };
  readonly log: {
    readonly level: 'debug' | 'info' | 'warn' | 'error';
    readonly requests: 'all' | 'failures' | 'none';
  };
  /** Normalised hosts, no ports. */
  readonly allowedHosts: readonly string[];
}

/** An address to bind: always loopback in this version. Port 0 asks for any free port. */
export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

/** 1-based place in the configuration file. */
export interface Position {
  readonly line: number;
  readonly column: number;
}
