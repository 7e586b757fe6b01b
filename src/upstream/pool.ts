import type { Socket } from 'node:net';
import { performance } from 'node:perf_hooks';
import type { TLSSocket } from 'node:tls';
import { formatAuthority, type Authority } from '../authority.ts';
import { Failure } from '../failure.ts';
import type { Way } from '../policy/decide.ts';
import { mayResume } from '../policy/policy.ts';
import { notAfterOf } from '../trust/certificate-facts.ts';
import { Connection, maxLifeMs } from './connection.ts';
import { dial, type DialContext, type DialOptions } from './dial.ts';
import { presentedBy } from './peer-chain.ts';

/** How long after its full handshake a TLS session is resumed: a bound on how old a verdict may get. */
const sessionMs = 600_000;
const sweepMs = 1_000;

/** How a new connection is to be had. */
export interface NewConnection extends Pick<DialOptions, 'timeoutMs' | 'signal' | 'raw' | 'times'> {
  readonly headerBytes: number;
  /** See {@link Pool.takeWarm}. */
  readonly owner: object | undefined;
}

/** A session and until when it may be resumed, on the monotonic clock. */
interface Session {
  readonly bytes: Buffer;
  readonly untilMs: number;
}

/** The connections of one (way, authority). Nothing is shared between groups. */
interface Group {
  readonly key: string;
  /** Of the way: see {@link Way}. */
  readonly wayKey: string;
  readonly authority: Authority;
  readonly idle: Connection[];
  readonly open: Set<Connection>;
  session: Session | undefined;
  /** Dials under way. */
  dialling: number;
  /** Its policy is no longer in force: what is under way ends well, nothing new begins. */
  retired: boolean;
}

/** Keeps upstream connections warm, each within its policy, its authority and its five minutes. */
export class Pool {
  readonly #context: DialContext;
  readonly #groups = new Map<string, Group>();
  /** The same groups by the ways that led to them last: keys are long. */
  readonly #byWay = new WeakMap<Way, Group>();
  readonly #membership = new WeakMap<Connection, Group>();
  readonly #owners = new WeakMap<object, number>();
  readonly #open = new Map<string, number>();
  readonly #tunnels = new Set<Socket>();
  readonly #sweeper: NodeJS.Timeout;
  #nextOwner = 1;

  constructor(context: DialContext) {
    this.#context = context;
    this.#sweeper = setInterval(() => this.#sweep(), sweepMs).unref();
  }

  /**
   * A connection that waits for a request, the one that was used last.
   *
   * @param owner for a downstream connection that authenticates by connection (NTLM, Negotiate): it shares with nobody
   */
  takeWarm(target: Way, owner: object | undefined): Connection | undefined {
    const { idle } = this.#groupOf(target, owner);
    const nowMs = performance.now();
    for (let connection = idle.pop(); connection !== undefined; connection = idle.pop()) {
      if (!connection.closed && !isWorn(connection, nowMs)) {
        connection.reused = true;
        return connection;
      }
      connection.destroy();
    }
    return undefined;
  }

  /** A new connection, which is the pool's when it is {@link release}d. */
  async dial(target: Way, options: NewConnection): Promise<Connection | Failure> {
    const group = this.#groupOf(target, options.owner);
    group.dialling++;
    const dialled = await dial(this.#context, target, {
      timeoutMs: options.timeoutMs,
      signal: options.signal,
      raw: options.raw,
      times: options.times,
      session: validSession(group),
      onSession: (bytes, socket) => rememberSession(group, target, bytes, socket),
    }).finally(() => group.dialling--);
    if (dialled instanceof Failure) return dialled;
    const connection = new Connection(dialled, {
      authority: target.authority,
      server: target.server,
      headerBytes: options.headerBytes,
    });
    this.#register(group, connection);
    return connection;
  }

  /** A connection for a blind tunnel: never pooled, ended with the others. */
  async open(
    target: Way,
    options: Pick<DialOptions, 'timeoutMs' | 'signal' | 'times'>,
  ): Promise<Socket | Failure> {
    const dialled = await dial(this.#context, target, { ...options, raw: true });
    if (dialled instanceof Failure) return dialled;
    const { socket } = dialled;
    this.#tunnels.add(socket);
    this.#count(target.server, 1);
    socket.once('close', () => {
      this.#tunnels.delete(socket);
      this.#count(target.server, -1);
    });
    return socket;
  }

  /** Gives a connection back after a complete exchange. */
  release(connection: Connection): void {
    const group = this.#membership.get(connection);
    const nowMs = performance.now();
    connection.idleSinceMs = nowMs;
    if (connection.closed || group === undefined || group.retired || isWorn(connection, nowMs))
      connection.destroy();
    else group.idle.push(connection);
  }

  /** Counts a handshake that failed after our side of it was done: an alert of TLS 1.3. */
  handshakeFailedLate({ server, authority, bornMs: begunMs }: Connection, failure: Failure): void {
    this.#context.listener.handshakeFailed({ server, authority, failure, begunMs, presented: [] });
  }

  /**
   * Ends what a policy step left behind: idle connections and sessions of groups that no longer hold. Connections
   * in use finish what they do and are then closed.
   */
  retain(holds: (authority: Authority, wayKey: string) => boolean): void {
    for (const group of this.#groups.values()) if (!holds(group.authority, group.wayKey)) this.#retire(group);
  }

  /** Upstream connections now open, by metric label. */
  openByServer(): ReadonlyMap<string, number> {
    return this.#open;
  }

  /** Ends every connection. */
  close(): void {
    clearInterval(this.#sweeper);
    for (const group of this.#groups.values()) {
      this.#retire(group);
      for (const connection of group.open) connection.destroy();
    }
    for (const socket of this.#tunnels) socket.destroy();
  }

  #groupOf(target: Way, owner: object | undefined): Group {
    const known = owner === undefined ? this.#byWay.get(target) : undefined;
    if (known !== undefined && this.#groups.get(known.key) === known) return known;
    const suffix = owner === undefined ? '' : `|${this.#ownerNumber(owner)}`;
    const key = `${target.key}|${formatAuthority(target.authority)}${suffix}`;
    let group = this.#groups.get(key);
    if (group === undefined) {
      const { authority, key: wayKey } = target;
      group = {
        key,
        wayKey,
        authority,
        idle: [],
        open: new Set(),
        session: undefined,
        dialling: 0,
        retired: false,
      };
      this.#groups.set(key, group);
    }
    if (owner === undefined) this.#byWay.set(target, group);
    return group;
  }

  #ownerNumber(owner: object): number {
    const known = this.#owners.get(owner);
    if (known !== undefined) return known;
    this.#owners.set(owner, this.#nextOwner);
    return this.#nextOwner++;
  }

  #register(group: Group, connection: Connection): void {
    group.open.add(connection);
    this.#membership.set(connection, group);
    this.#count(connection.server, 1);
    connection.onClose(() => {
      group.open.delete(connection);
      this.#count(connection.server, -1);
      const index = group.idle.indexOf(connection);
      if (index >= 0) group.idle.splice(index, 1);
    });
  }

  #count(server: string, change: 1 | -1): void {
    this.#open.set(server, (this.#open.get(server) ?? 0) + change);
  }

  #retire(group: Group): void {
    group.retired = true;
    group.session = undefined;
    for (const connection of group.idle.splice(0)) connection.destroy();
    this.#groups.delete(group.key);
  }

  #sweep(): void {
    const nowMs = performance.now();
    for (const group of this.#groups.values()) {
      for (const connection of [...group.idle]) if (isWorn(connection, nowMs)) connection.destroy();
      if (group.open.size + group.dialling === 0 && validSession(group) === undefined)
        this.#groups.delete(group.key);
    }
  }
}

function isWorn({ bornMs, idleMs, idleSinceMs }: Connection, nowMs: number): boolean {
  return nowMs - idleSinceMs > idleMs || nowMs - bornMs > maxLifeMs;
}

function validSession(group: Group): Buffer | undefined {
  const { session } = group;
  // An end that is no number would be one that never comes.
  if (session === undefined || !(session.untilMs > performance.now())) group.session = undefined;
  return group.session?.bytes;
}

/** A ticket of a resumed connection is as old as the verdict that it rests on. */
function rememberSession(group: Group, target: Way, bytes: Buffer, socket: TLSSocket): void {
  if (group.retired || target.policy === undefined || !mayResume(target.policy)) return;
  if (socket.isSessionReused()) {
    if (group.session !== undefined) group.session = { ...group.session, bytes };
    return;
  }
  const [leaf] = presentedBy(socket);
  if (leaf === undefined) return;
  const leafMs = notAfterOf(leaf).getTime() - Date.now();
  group.session = { bytes, untilMs: performance.now() + Math.min(sessionMs, leafMs) };
}
