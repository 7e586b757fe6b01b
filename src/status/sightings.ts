import type { Authority } from '../authority.ts';
import type { Failure, FailureReason } from '../failure.ts';
import { inForce, type CompiledEntry } from '../policy/table.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import type { HandshakeEvent, HandshakeFailedEvent } from '../upstream/dial.ts';

/** A failure as it was seen. Times are Unix milliseconds. */
export interface FailureSeen {
  readonly atMs: number;
  readonly failure: Failure;
  /** Undefined where it was not in the handshake. */
  readonly authority: Authority | undefined;
  /** The leaf first; empty where it is not known. */
  readonly presented: HandshakeFailedEvent['presented'];
}

/** A full handshake that succeeded. */
export interface ChainSeen {
  readonly authority: Authority;
  readonly presented: HandshakeEvent['presented'];
  /** Under `ssl_verify: false`: what verification would have said. */
  readonly hidden: FailureReason | 'none' | undefined;
}

/** What was last seen of a server. */
export interface Sighting {
  readonly lastHandshake: { readonly atMs: number; readonly resumed: boolean } | undefined;
  readonly lastFailure: FailureSeen | undefined;
  readonly lastChain: ChainSeen | undefined;
  /** Whether the failure is the last word: nothing succeeded since, and the entry is what it was. */
  readonly isFailing: boolean;
  /** Whether a handshake or a request succeeded since the last failure, with the entry as it is. */
  readonly isReached: boolean;
}

type Draft = { -readonly [K in keyof Sighting]: Sighting[K] };

/** Keeps the last of everything that is seen of each server: what the status page tells. */
export class Sightings {
  readonly #records = new Map<string, Draft>();
  /** What each entry was when it was last looked at. */
  #entries = new Map<string, string>();

  /** What has been seen of a server; undefined: nothing. */
  of(server: string): Sighting | undefined {
    return this.#records.get(server);
  }

  handshakeDone({ server, authority, resumed, presented, hidden }: HandshakeEvent): void {
    const record = this.#recordOf(server);
    record.lastHandshake = { atMs: Date.now(), resumed };
    if (presented.length > 0) record.lastChain = { authority, presented, hidden };
    // A response that fails again and again is only over when one succeeds.
    if (record.isFailing && record.lastFailure?.failure.phase === 'response') return;
    record.isFailing = false;
    record.isReached = true;
  }

  handshakeFailed({ server, authority, failure, presented }: HandshakeFailedEvent): void {
    this.#fail(server, { atMs: Date.now(), failure, authority, presented });
  }

  /** @param failure undefined where the request succeeded */
  requestDone(server: string, failure: Failure | undefined): void {
    if (failure === undefined) {
      const record = this.#recordOf(server);
      record.isFailing = false;
      record.isReached = true;
      return;
    }
    // The handshake that it failed with has told more already.
    if (!isOfServer(failure) || this.of(server)?.lastFailure?.failure === failure) return;
    this.#fail(server, { atMs: Date.now(), failure, authority: undefined, presented: [] });
  }

  /** After each step of policy: what was seen of an entry that changed, or is gone, says nothing of it any more. */
  follow({ table }: Snapshot, always: readonly string[]): void {
    const entries = new Map(table.entries.map((one) => [one.entry.name, meaningOf(one)]));
    for (const [server, record] of this.#records) {
      if (always.includes(server)) continue;
      const meaning = entries.get(server);
      if (meaning === undefined) this.#records.delete(server);
      else if (meaning !== this.#entries.get(server)) {
        record.isFailing = false;
        record.isReached = false;
      }
    }
    this.#entries = entries;
  }

  #fail(server: string, failure: FailureSeen): void {
    const record = this.#recordOf(server);
    record.lastFailure = failure;
    record.isFailing = true;
    record.isReached = false;
  }

  #recordOf(server: string): Draft {
    const record = this.#records.get(server) ?? {
      lastHandshake: undefined,
      lastFailure: undefined,
      lastChain: undefined,
      isFailing: false,
      isReached: false,
    };
    this.#records.set(server, record);
    return record;
  }
}

/** Whether it says something of the server, not of the client or of ourselves. */
function isOfServer({ reason, phase }: Failure): boolean {
  if (phase === 'request' || phase === 'policy') return false;
  return reason !== 'downstream_aborted' && reason !== 'draining' && reason !== 'downstream_tls_failed';
}

/** Equal as long as an entry means the same, the contents of its files included. */
function meaningOf(compiled: CompiledEntry): string {
  const { state, policy } = inForce(compiled);
  return [compiled.entry.identity, state, policy?.key].join(' ');
}
