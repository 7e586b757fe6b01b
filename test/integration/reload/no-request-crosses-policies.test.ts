import fc from 'fast-check';
import { writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { TLSSocket } from 'node:tls';
import { expect, test } from 'vitest';
import { createCa } from '../../../certs-fixtures/create-ca.ts';
import { RefusedConnect, routes, type RouteUnderTest } from '../../harness/routes.ts';
import { startInProcess, type InProcessSidecar } from '../../harness/start-in-process.ts';
import { temporaryDirectory } from '../../harness/temporary-directory.ts';
import { startUpstream, type Upstream } from '../../harness/tls-upstream.ts';
import { openStream, streamOrAnswer, type EventStream } from './load.ts';
import {
  apply,
  meaningOf,
  outcomeUnder,
  steps,
  yamlOf,
  type Meaning,
  type Version,
} from './policies-in-force.ts';
import { RouteAgent } from './route-agent.ts';

const reloadCount = 220;
const workers = 4;
const maxStreams = 12;
/** Two leaves of each CA; of each pair one server speaks TLS 1.2, where a resumed session keeps its master secret. */
const leaves = ['a', 'b', 'a', 'b'] as const;
const versionsOfTls = ['TLSv1.3', 'TLSv1.3', 'TLSv1.2', 'TLSv1.2'] as const;

/** A request as its client and its upstream saw it. */
interface Asked {
  readonly server: number;
  readonly route: RouteUnderTest;
  /** Versions that were in force or on their way while it began. */
  readonly window: { readonly from: number; to: number };
  outcome: string;
  arrival?: { readonly connection: number; readonly resumed: boolean; readonly secret: string | undefined };
}

class World {
  readonly asked: Asked[] = [];
  readonly versions: Version[] = [{ written: ['a', 'b', 'both', 'off'], rotating: 'a' }];
  /** The last version whose reload has been answered. */
  confirmed = 0;
  readonly upstreams: Upstream[] = [];
  readonly #secrets = new WeakMap<object, string>();
  readonly #folder = temporaryDirectory();
  readonly #cas = { a: createCa(), b: createCa() };
  readonly #files = {
    a: join(this.#folder, 'a.pem'),
    b: join(this.#folder, 'b.pem'),
    both: join(this.#folder, 'both.pem'),
    rotating: join(this.#folder, 'rotating.pem'),
    missing: join(this.#folder, 'missing.pem'),
  };

  async start(): Promise<InProcessSidecar> {
    const { a, b } = this.#cas;
    for (const [index, ca] of leaves.entries()) this.upstreams.push(await this.#startUpstream(index, ca));
    writeFileSync(this.#files.a, a.pem);
    writeFileSync(this.#files.b, b.pem);
    writeFileSync(this.#files.both, a.pem + b.pem);
    writeFileSync(this.#files.rotating, a.pem);
    // What `ssl_verify: false` is judged by: one certificate is read sooner than those of the system.
    return startInProcess({ config: this.#yaml(), env: { SSL_CERT_FILE: this.#files.both } });
  }

  /** Makes a version and reloads. It is in force once the reload has answered; until then either may be. */
  async step(sidecar: InProcessSidecar, next: Version): Promise<void> {
    const before = this.#latest();
    this.versions.push(next);
    if (next.rotating !== before.rotating) writeFileSync(this.#files.rotating, this.#cas[next.rotating].pem);
    else sidecar.writeConfig(this.#yaml());
    const answer = await sidecar.reload();
    expect(answer.status).toBe(next.written.includes('missing') ? 500 : 200);
    this.confirmed = this.versions.length - 1;
  }

  /** Notes a request that begins now. */
  begin(server: number, route: Asked['route']): { id: number; asked: Asked } {
    const window = { from: this.confirmed, to: this.versions.length - 1 };
    const asked: Asked = { server, route, window, outcome: 'under way' };
    return { id: this.asked.push(asked) - 1, asked };
  }

  /** Where it may have been decided at the latest: when it has its answer. */
  end(asked: Asked, outcome: string): void {
    asked.window.to = this.versions.length - 1;
    asked.outcome = outcome;
  }

  /** The policies under which a request can have ended as it did. */
  candidates({ server, route, window, outcome }: Asked): Set<Meaning> {
    const meanings = this.versions.slice(window.from, window.to + 1).map((one) => meaningOf(one, server));
    const leaf = leaves[server] ?? 'a';
    return new Set(meanings.filter((one) => outcomeUnder(one, leaf, route) === outcome));
  }

  authority(server: number): string {
    return `s${server}.test:${this.upstreams[server]?.port ?? 0}`;
  }

  #latest(): Version {
    return this.versions.at(-1) as Version;
  }

  #yaml(): string {
    const urls = leaves.map((_, index) => `https://${this.authority(index)}/mcp`);
    return yamlOf(this.#latest(), urls, this.#files);
  }

  async #startUpstream(index: number, ca: 'a' | 'b'): Promise<Upstream> {
    const upstream = await startUpstream({
      leaf: this.#cas[ca].issue(`s${index}.test`),
      tls: { maxVersion: versionsOfTls[index] ?? 'TLSv1.3' },
      handler: (incoming, response, recorded) => {
        const asked = this.asked[Number(incoming.headers['x-test-id'])];
        if (asked !== undefined) {
          // Relayed twice: that would be a repeated call, which nobody may make.
          if (asked.arrival !== undefined) asked.outcome = 'arrived twice';
          const secret = this.#secrets.get(incoming.socket);
          asked.arrival = { connection: recorded.connection, resumed: recorded.resumed, secret };
        }
        streamOrAnswer(incoming, response, recorded);
      },
    });
    upstream.server.on('keylog', (line: Buffer, socket: TLSSocket) => {
      const secret = /^CLIENT_RANDOM \S+ (\S+)/.exec(line.toString())?.[1];
      if (secret !== undefined) this.#secrets.set(socket, secret);
    });
    return upstream;
  }
}

/** Calls random servers by random routes until it is told to stop. */
async function callOver(
  world: World,
  sidecar: InProcessSidecar,
  options: { seed: number; isOver: () => boolean },
) {
  const keepAlive = options.seed % 2 === 0;
  const agents = routes.map((route) => new RouteAgent(sidecar.proxy, route, { keepAlive, maxSockets: 2 }));
  for (let count = options.seed; !options.isOver(); count++) {
    const server = (count * 7 + (count >> 3)) % leaves.length;
    const index = (count >> 1) % routes.length;
    const { id, asked } = world.begin(server, routes[index] as RouteUnderTest);
    world.end(asked, await ask(world, asked, { id, agent: agents[index] as RouteAgent }));
    await delay(count % 4);
  }
}

function ask(
  world: World,
  { server, route }: Asked,
  { id, agent }: { id: number; agent: RouteAgent },
): Promise<string> {
  const named = { server: `s${server}`, authority: world.authority(server) };
  const [host = '', port = ''] = named.authority.split(':');
  const path = route.line(named, '/mcp');
  const headers = {
    host: route.host(named),
    'x-test-id': String(id),
    'content-type': 'application/json',
  };
  const reasonIn = (proxyStatus: unknown) => /details="(\w+)"/.exec(String(proxyStatus))?.[1];
  return new Promise((resolve) => {
    const outgoing = request({ host, port, path, method: 'POST', headers, agent }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text: string) => (body += text));
      response.on('error', () => undefined);
      response.on('close', () => {
        const reason = reasonIn(response.headers['proxy-status']);
        const whole = response.statusCode === 200 && response.complete && body === '{"ok":true}';
        resolve(whole ? 'ok' : (reason ?? `${response.statusCode ?? 0} ${body}`));
      });
    });
    outgoing.on('error', (error) => {
      const refused = error instanceof RefusedConnect && reasonIn(error.response.header('proxy-status'));
      resolve(refused || error.message);
    });
    outgoing.end('{"jsonrpc":"2.0","method":"note"}');
  });
}

/** One policy that explains all of these requests, or none. */
function commonPolicies(world: World, requests: readonly Asked[]): Set<Meaning> {
  return requests.map((one) => world.candidates(one)).reduce((all, one) => all.intersection(one));
}

function groupBy(world: World, keyOf: (asked: Asked) => string | undefined): Asked[][] {
  const groups = Map.groupBy(world.asked, keyOf);
  return [...groups].flatMap(([key, requests]) => (key === undefined ? [] : [requests]));
}

function expectNoCrossing(world: World): void {
  const ofConnection = groupBy(world, ({ server, arrival }) => arrival && `${server} ${arrival.connection}`);
  for (const requests of ofConnection) {
    const policies = commonPolicies(world, requests);
    expect(policies, 'one policy for all requests of a connection').not.toEqual(new Set());
    expect([...policies, requests[0]?.arrival?.resumed], 'no unverified session is resumed').not.toEqual([
      'off',
      true,
    ]);
  }
  // In TLS 1.2 what shares a master secret is one session.
  const ofSession = groupBy(world, ({ arrival }) => arrival?.secret);
  for (const requests of ofSession)
    expect(commonPolicies(world, requests), 'one policy for a session').not.toEqual(new Set());
  expect(ofSession.some((requests) => new Set(requests.map((one) => one.arrival?.connection)).size > 1)).toBe(
    true,
  );
}

test(`over ${reloadCount} random reloads under load no request, socket or session crosses policies`, async () => {
  const seed = Number(process.env['MCP_TLS_SIDECAR_TEST_SEED'] ?? Date.now() % 2 ** 31);
  process.stdout.write(`MCP_TLS_SIDECAR_TEST_SEED=${seed}\n`);
  const property = fc.asyncProperty(steps(leaves.length, reloadCount), async (all) => {
    const world = new World();
    const sidecar = await world.start();
    let over = false;
    const load = Array.from({ length: workers }, (_, index) =>
      callOver(world, sidecar, { seed: index, isOver: () => over }),
    );
    const streams: EventStream[] = [];
    for (const [index, step] of all.entries()) {
      await world.step(sidecar, apply(world.versions[world.confirmed] as Version, step));
      const server = index % leaves.length;
      const now = meaningOf(world.versions[world.confirmed] as Version, server);
      const isOpen = outcomeUnder(now, leaves[server] ?? 'a', routes[0] as RouteUnderTest) === 'ok';
      if (streams.length < maxStreams && index % 5 === 0 && isOpen)
        streams.push(await openStream(sidecar, `s${server}`));
      await delay(step.pauseMs);
    }
    over = true;
    await Promise.all(load);

    const unexplained = world.asked.filter((one) => world.candidates(one).size === 0);
    expect(unexplained).toEqual([]);
    const notSent = world.asked.filter(({ outcome }) => outcome !== 'ok');
    expect(notSent.filter(({ arrival }) => arrival !== undefined)).toEqual([]);
    expectNoCrossing(world);
    for (const stream of streams) {
      await stream.flows();
      expect(stream.ended).toBe(false);
      expect(stream.numbers).toEqual(stream.numbers.map((_, number) => number + 1));
      stream.close();
    }
    report(world, streams.length);
  });
  // A failing run is not shrunk: with timing in play that proves nothing, and takes minutes.
  await fc.assert(property, { seed, numRuns: 1, endOnFailure: true });
}, 240_000);

/** Says what was exercised, and fails where something was not. */
function report(world: World, streams: number): void {
  const count = (holds: (asked: Asked) => boolean) => world.asked.filter(holds).length;
  const figures = {
    reloads: world.versions.length - 1,
    requests: world.asked.length,
    'under exactly one version': count(({ window }) => window.from === window.to),
    ok: count(({ outcome }) => outcome === 'ok'),
    issuer_unknown: count(({ outcome }) => outcome === 'tls_cert_issuer_unknown'),
    unusable: count(({ outcome }) => outcome === 'configuration_unusable'),
    unknown: count(({ outcome }) => outcome === 'server_unknown' || outcome === 'policy_denied'),
    connections: world.upstreams.reduce((sum, { connections }) => sum + connections, 0),
    resumed: count(({ arrival }) => arrival?.resumed === true),
    streams,
  };
  process.stdout.write(`${JSON.stringify(figures)}\n`);
  for (const [what, value] of Object.entries(figures)) expect(value, what).toBeGreaterThan(0);
  expect(figures.reloads).toBeGreaterThan(200);
}
