import type { X509Certificate } from 'node:crypto';
import { Gauge, type Registry } from 'prom-client';
import type { Chain } from '../trust/build-chain.ts';
import { fingerprintOf, notAfterOf } from '../trust/certificate-facts.ts';
import { findStrictDefects, type StrictDefect } from '../trust/strict-defects.ts';

/** For how long a certificate counts among those of a server that shows several, behind a load balancer say. */
const hourMs = 3_600_000;
/** After this long without a handshake nothing is known any more. */
const dayMs = 86_400_000;
/** Certificates of one server that are told apart within the hour. */
const maxSeen = 100;

interface Expiry {
  readonly notAfterMs: number;
  readonly seenMs: number;
}

interface Seen {
  /** By what the whole chain consists of. */
  readonly expiries: Map<string, Expiry>;
  /** What the last chain is shown as. */
  readonly shown: Shown;
  /** Of the last chain: whether its date can be told. */
  readonly isDated: boolean;
  readonly lastMs: number;
}

/** What the certificates of each server say, from the chains that were used (INTERFACE section 7). */
export class CertificateGauges {
  readonly #seen = new Map<string, Seen>();
  readonly #now: () => number;
  readonly #notAfter: Gauge<'server'>;
  readonly #info: Gauge<'server' | 'position' | 'fingerprint_sha256'>;
  readonly #defects: Gauge<'server' | 'defect'>;

  /** @param now Unix milliseconds */
  constructor(registry: Registry, prefix: string, now: () => number = Date.now) {
    this.#now = now;
    const registers = [registry];
    this.#notAfter = new Gauge({
      name: `${prefix}upstream_certificate_not_after_timestamp_seconds`,
      help: 'When the first certificate expires in the chains that were used, the least of the last hour.',
      labelNames: ['server'],
      registers,
      collect: () => this.#collect(),
    });
    this.#info = new Gauge({
      name: `${prefix}upstream_certificate_info`,
      help: 'The chain that was used last; position 0 is the leaf.',
      labelNames: ['server', 'position', 'fingerprint_sha256'],
      registers,
    });
    this.#defects = new Gauge({
      name: `${prefix}upstream_certificate_defects`,
      help: 'Certificates of the chain that was used last which strict clients (Python 3.13) refuse for this.',
      labelNames: ['server', 'defect'],
      registers,
    });
  }

  /** Takes a full handshake into account. */
  record(server: string, { certificates, isAmbiguous }: Chain): void {
    const nowMs = this.#now();
    const notAfterMs = Math.min(...certificates.map((one) => notAfterOf(one).getTime()));
    // Which of several issuers was taken cannot be told, or a date not read: none is better than a wrong one.
    const isDated = !isAmbiguous && !Number.isNaN(notAfterMs);
    const expiries = this.#seen.get(server)?.expiries ?? new Map<string, Expiry>();
    this.#seen.set(server, { expiries, shown: show(certificates), isDated, lastMs: nowMs });
    if (!isDated) return;
    const key = certificates.map(({ fingerprint256 }) => fingerprint256).join();
    expiries.delete(key);
    expiries.set(key, { notAfterMs, seenMs: nowMs });
    const oldest = expiries.keys().next().value;
    if (expiries.size > maxSeen && oldest !== undefined) expiries.delete(oldest);
  }

  /** Drops servers that are no longer configured. */
  retain(servers: ReadonlySet<string>): void {
    for (const server of this.#seen.keys()) if (!servers.has(server)) this.#seen.delete(server);
  }

  /** Sets all series anew: a certificate that was rotated away leaves none behind. */
  #collect(): void {
    for (const gauge of [this.#notAfter, this.#info, this.#defects]) gauge.reset();
    const nowMs = this.#now();
    for (const [server, seen] of this.#seen) {
      if (nowMs - seen.lastMs > dayMs) this.#seen.delete(server);
      else this.#show(server, seen, nowMs);
    }
  }

  #show(server: string, { expiries, shown, isDated }: Seen, nowMs: number): void {
    const all = [...expiries.values()];
    const recent = all.filter(({ seenMs }) => nowMs - seenMs <= hourMs);
    // Where none came since the last date that could be told, that one still holds.
    const counted = recent.length > 0 || !isDated ? recent : all.slice(-1);
    if (counted.length > 0)
      this.#notAfter.set({ server }, Math.min(...counted.map(({ notAfterMs }) => notAfterMs)) / 1000);
    shown.fingerprints.forEach((fingerprint_sha256, position) => {
      this.#info.set({ server, position, fingerprint_sha256 }, 1);
    });
    for (const defect of shown.defects) this.#defects.inc({ server, defect });
  }
}

interface Shown {
  readonly fingerprints: readonly string[];
  readonly defects: readonly StrictDefect[];
}

const known = new WeakMap<readonly X509Certificate[], Shown>();

/** Once a chain, and not at a scrape, which is to be cheap. */
function show(chain: readonly X509Certificate[]): Shown {
  const made = known.get(chain);
  if (made !== undefined) return made;
  const defects = findStrictDefects(chain).map(({ defect }) => defect);
  const shown = { fingerprints: chain.map(fingerprintOf), defects };
  known.set(chain, shown);
  return shown;
}
