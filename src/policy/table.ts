import { formatAuthority, type Authority } from '../authority.ts';
import type { HostEntry, ServerEntry } from '../config/config.ts';
import { inOneGo, type Steps } from '../config/steps.ts';
import type { Deadline } from './deadline.ts';
import type { Policy } from './policy.ts';

/** An entry of the configuration with its policy, ready to decide by. */
export interface CompiledEntry {
  readonly entry: ServerEntry | HostEntry;
  /** `stale`: on the last good bytes of a file that is bad now. `unusable`: answers `configuration_unusable`. */
  readonly state: 'usable' | 'stale' | 'unusable';
  /** Undefined for plain http, for `tunnel`, for `deny` and where the state is unusable. */
  readonly policy: Policy | undefined;
  /** For `insecure_until`: what takes the place of `policy`, and when. */
  readonly successor?: Successor | undefined;
}

/** The end of an exception from verification. */
export interface Successor {
  readonly from: Deadline;
  /** Undefined where its trust cannot be used: then nothing is reached any more. */
  readonly policy: Policy | undefined;
}

/** What an entry goes by at this moment; the exception's end counts from the very moment on. */
export function inForce({
  state,
  policy,
  successor,
}: CompiledEntry): Pick<CompiledEntry, 'state' | 'policy'> {
  if (state === 'unusable' || successor?.from.hasPassed !== true) return { state, policy };
  return successor.policy === undefined
    ? { state: 'unusable', policy: undefined }
    : { state, policy: successor.policy };
}

/** A server's entry among the compiled ones. */
export type CompiledServer = CompiledEntry & { readonly entry: ServerEntry };

/** Finds entries by name and by authority, in constant time in their number. */
export interface Table {
  readonly entries: readonly CompiledEntry[];
  /** By name, for base URLs. */
  serverNamed(name: string): CompiledServer | undefined;
  /** The entries of the highest precedence that match an authority: several only for servers that agree. */
  find(authority: Authority): readonly CompiledEntry[];
  /** The ports on which a host is listed with https. */
  httpsPorts(host: string): readonly number[];
}

export function createTable(entries: readonly CompiledEntry[]): Table {
  return inOneGo(tableSteps(entries));
}

/** The same, in parts: with thousands of entries it takes a while. */
export function* tableSteps(entries: readonly CompiledEntry[]): Steps<Table> {
  const names = new Map<string, CompiledServer>();
  // Servers, exact hosts and wildcards live under keys that cannot meet: `a:1`, `host a:1`, `*.a:1`.
  const lists = new Map<string, CompiledEntry[]>();
  const ports = new Map<string, number[]>();
  for (const compiled of byPrecedence(entries)) {
    if (isServer(compiled)) names.set(compiled.entry.name, compiled);
    append(lists, listKey(compiled), compiled);
    const { host, port, https } = target(compiled);
    if (https) append(ports, host, port);
    yield;
  }

  return {
    entries,
    serverNamed: (name) => names.get(name),
    find(authority) {
      const exact = formatAuthority(authority);
      const found = lists.get(exact) ?? lists.get(`host ${exact}`);
      if (found !== undefined) return found;
      for (const suffix of suffixes(authority.host)) {
        const wildcard = lists.get(`*.${suffix}:${authority.port}`);
        if (wildcard !== undefined) return wildcard.slice(0, 1);
      }
      return [];
    },
    httpsPorts(host) {
      const wildcards = suffixes(host).flatMap((suffix) => ports.get(`*.${suffix}`) ?? []);
      return [...new Set([...(ports.get(host) ?? []), ...wildcards])];
    },
  };
}

function isServer(compiled: CompiledEntry): compiled is CompiledServer {
  return compiled.entry.kind === 'server';
}

/** With port before without: the first of a list wins among host entries. */
function byPrecedence(entries: readonly CompiledEntry[]): CompiledEntry[] {
  const withPort = (one: CompiledEntry) => one.entry.kind === 'host' && one.entry.pattern.portWritten;
  return [...entries.filter(withPort), ...entries.filter((one) => !withPort(one))];
}

function listKey({ entry }: CompiledEntry): string {
  if (entry.kind === 'server') return formatAuthority(entry.upstream.authority);
  const { host, port, wildcard } = entry.pattern;
  return wildcard ? `*.${host}:${port}` : `host ${formatAuthority({ host, port })}`;
}

function target({ entry }: CompiledEntry): { host: string; port: number; https: boolean } {
  if (entry.kind === 'server')
    return { ...entry.upstream.authority, https: entry.upstream.protocol === 'https' };
  const { host, port, wildcard } = entry.pattern;
  return { host: wildcard ? `*.${host}` : host, port, https: true };
}

/** `a.b.c` → `b.c`, `c`: what wildcards could cover it, the longest first. IP literals have none. */
function suffixes(host: string): string[] {
  if (/^[\d.]+$|:/.test(host)) return [];
  const labels = host.split('.');
  return labels.slice(1).map((_, index) => labels.slice(index + 1).join('.'));
}

function append<T>(lists: Map<string, T[]>, key: string, value: T): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [value]);
  else list.push(value);
}
