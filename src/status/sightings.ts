import type { Authority } from '../authority.ts';
import type { Failure, FailureReason } from '../failure.ts';
import { inForce } from '../policy/table.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import type { Outcome } from '../telemetry/request-log.ts';
import type { HandshakeEvent, HandshakeFailedEvent } from '../upstream/dial.ts';

/** A failure as it was seen. Times are Unix milliseconds. */
export interface FailureSeen {
  readonly atMs: number;
  readonly failure: Failure;
  /** Undefined where it was not known yet. */
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

type Draft = { -readonly [K in keyof Sighting]: Sighting[K] } & {
  /** When the last failure was seen, on the monotonic clock: what was answered before says nothing against it. */
  failedMs: number;
};

/** What an entry is, by its text and by the contents of its files that are in force, and since when. */
interface Meaning {
  readonly identity: string;
  readonly policy: string | undefined;
  /** On the monotonic clock. */
  readonly sinceMs: number;
}

/** What a request tells when it is over. */
export type RequestSeen = Pick<Outcome, 'server' | 'authority' | 'failure'> & {
  readonly times: Pick<Outcome['times'], 'durationMs' | 'queueMs' | 'headMs'>;
};

/** Keeps the last of everything that is seen of each server: what the status page tells. */
export class Sightings {
  readonly #records = new Map<string, Draft>();
  #entries = new Map<string, Meaning>();

  /** What has been seen of a server; undefined: nothing. */
  of(server: string): Sighting | undefined {
    return this.#records.get(server);
  }

  handshakeDone({ server, authority, resumed, begunMs, presented, hidden }: HandshakeEvent): void {
    if (this.#isOld(server, begunMs)) return;
    const record = this.#recordOf(server);
    record.lastHandshake = { atMs: Date.now(), resumed };
    if (presented.length > 0) record.lastChain = { authority, presented, hidden };
    // A response that fails again and again is only over when one succeeds.
    if (record.isFailing && record.lastFailure?.failure.phase === 'response') return;
    record.isFailing = false;
    record.isReached = true;
  }

  handshakeFailed({ server, authority, failure, begunMs, presented }: HandshakeFailedEvent): void {
    if (this.#isOld(server, begunMs)) return;
    this.#fail(server, { atMs: Date.now(), failure, authority, presented });
  }

  /** A stream may end long after its server answered: it tells of then, and by the policy of when it began. */
  requestDone({ server, authority, failure, times }: RequestSeen): void {
    const receivedMs = performance.now() - times.durationMs;
    if (this.#isOld(server, receivedMs + times.queueMs)) return;
    if (failure === undefined) {
      // Without the head of a response nobody was asked.
      if (times.headMs !== undefined) this.#succeed(server, receivedMs + times.headMs);
      return;
    }
    // The handshake that it failed with has told more already.
    if (!isOfServer(failure) || this.of(server)?.lastFailure?.failure === failure) return;
    this.#fail(server, { atMs: Date.now(), failure, authority, presented: [] });
  }

  /** After each step of policy: what was seen of an entry that changed, or is gone, says nothing of it any more. */
  follow({ table }: Snapshot, always: readonly string[]): void {
    const nowMs = performance.now();
    const entries = new Map(
      table.entries.map((one) => {
        const { identity, name } = one.entry;
        const policy = inForce(one).policy?.key;
        const known = this.#entries.get(name);
        const isSame = known?.identity === identity && known.policy === policy;
        return [name, isSame ? known : { identity, policy, sinceMs: nowMs }];
      }),
    );
    for (const [server, record] of this.#records) {
      if (always.includes(server)) continue;
      const entry = entries.get(server);
      if (entry === undefined) this.#records.delete(server);
      else if (entry !== this.#entries.get(server)) {
        record.isFailing = false;
        record.isReached = false;
        // It was judged by what holds no more.
        record.lastChain = undefined;
      }
    }
    this.#entries = entries;
  }

  /** Whether it began under a policy that is no longer the one of its entry. */
  #isOld(server: string, begunMs: number): boolean {
    return begunMs < (this.#entries.get(server)?.sinceMs ?? 0);
  }

  #succeed(server: string, answeredMs: number): void {
    const record = this.#recordOf(server);
    if (record.isFailing && answeredMs < record.failedMs) return;
    record.isFailing = false;
    record.isReached = true;
  }

  #fail(server: string, failure: FailureSeen): void {
    const record = this.#recordOf(server);
    record.lastFailure = failure;
    record.failedMs = performance.now();
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
      failedMs: 0,
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
