import { expect, it } from 'vitest';
import { createCa } from '../../../certs-fixtures/create-ca.ts';
import type { FailureReason } from '../../../src/failure.ts';
import { configText } from '../../harness/config-text.ts';
import { expectFailure } from '../../harness/expect-failure.ts';
import {
  addressesOfNamespace,
  namespacesMissing,
  startInNamespace,
  type Resolver,
} from '../../harness/network-namespace.ts';
import { ask } from '../../harness/ask.ts';
import { routes } from '../../harness/routes.ts';

const root = createCa();
const skipped = namespacesMissing();

interface Place {
  readonly host: string;
  readonly reason: FailureReason;
  readonly phase: string;
}

const unroutable = (host: string): Place => ({ host, reason: 'connect_unroutable', phase: 'connect' });
const { unreachable, blackhole, prohibit, withoutRoute, silent } = addressesOfNamespace;
const metadata = '169.254.169.254';

/** A namespace each: to start the command takes longer than all that is asked of it. */
const namespaces: readonly { what: string; resolver: Resolver; places: readonly Place[] }[] = [
  {
    what: 'addresses without a way to them, or with a silent one, and a resolver that nobody runs',
    resolver: 'refused',
    places: [
      unroutable(unreachable),
      unroutable(blackhole),
      unroutable(prohibit),
      unroutable(withoutRoute),
      { host: silent, reason: 'connect_timeout', phase: 'connect' },
      { host: 'mcp.test', reason: 'dns_failed', phase: 'resolve' },
      // The namespace has this address, and nobody listens: an entry that is the very literal is dialled.
      { host: metadata, reason: 'connect_refused', phase: 'connect' },
    ],
  },
  {
    what: 'a name that its resolver does not know',
    resolver: 'nxdomain',
    places: [{ host: 'mcp.test', reason: 'dns_failed', phase: 'resolve' }],
  },
  {
    what: 'a resolver that drops every query',
    resolver: 'silent',
    places: [{ host: 'mcp.test', reason: 'dns_timeout', phase: 'resolve' }],
  },
];

it.skipIf(skipped).each(namespaces)(
  'tells the failures of $what apart, on every route (needs ip and root)',
  async ({ resolver, places }) => {
    const entries = places.map(({ host }) => [
      serverOf(host),
      { url: `https://${host}/mcp`, ssl_verify: root.pem },
    ]);
    const sidecar = await startInNamespace({
      config: configText(Object.fromEntries(entries) as Record<string, object>, {
        timeouts: { dial: '700ms' },
      }),
      resolver,
      addresses: [metadata],
    });
    for (const { target } of routes) {
      for (const { host, reason, phase } of places) {
        const server = serverOf(host);
        const startedMs = performance.now();
        const answer = await ask(sidecar.proxy, target({ server, authority: host }, '/mcp'));
        const elapsedMs = performance.now() - startedMs;
        await expectFailure(answer, sidecar, { server, reason });
        expect(JSON.parse(answer.body)).toMatchObject({ reason, phase, server });
        if (reason.endsWith('_timeout')) expect(elapsedMs).toBeGreaterThan(600);
        expect(elapsedMs).toBeLessThan(3_000);
      }
    }
  },
);

const serverOf = (host: string) => `at-${host}`;
