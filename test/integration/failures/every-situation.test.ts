import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { catalogue } from '../../../certs-fixtures/situations.ts';
import type { Situation } from '../../../certs-fixtures/situation.ts';
import { writeSituation } from '../../../certs-fixtures/write-situation.ts';
import type { FailureReason } from '../../../src/failure.ts';
import { ask } from '../../harness/ask.ts';
import { configText } from '../../harness/config-text.ts';
import { expectFailure } from '../../harness/expect-failure.ts';
import { routes } from '../../harness/routes.ts';
import { situationEntry } from '../../harness/situation-entry.ts';
import { startInProcess, type InProcessSidecar } from '../../harness/start-in-process.ts';
import { startSituation, type SituationServer } from '../../harness/start-situation.ts';
import { temporaryDirectory } from '../../harness/temporary-directory.ts';

interface Refused {
  readonly situation: Situation;
  /** Its entry's name. */
  readonly id: string;
  readonly reason: FailureReason;
}

const refusedBy = (mode: 'expected' | 'strict'): readonly Refused[] =>
  catalogue.flatMap((situation) => {
    const { id, [mode]: reason, expected } = situation;
    // What is refused anyway is shown once.
    return reason === 'accepted' || (mode === 'strict' && reason === expected)
      ? []
      : [{ situation, id, reason }];
  });

const modes = [
  { name: 'by default', tls: {}, refused: refusedBy('expected') },
  { name: 'with strict', tls: { strict: true }, refused: refusedBy('strict') },
];

describe.each(modes)('what is refused $name fails by its reason', ({ tls, refused }) => {
  const servers = new Map<string, SituationServer>();
  let sidecar: InProcessSidecar;

  beforeAll(async () => {
    const directory = temporaryDirectory();
    const entries: Record<string, object> = {};
    for (const { id, situation } of refused) {
      const server = await startSituation(situation.setUp());
      servers.set(id, server);
      entries[id] = situationEntry(situation, server.port, writeSituation(directory, situation), tls);
    }
    // The situation that stalls costs as much on each route.
    sidecar = await startInProcess({ config: configText(entries, { timeouts: { dial: '2s' } }) });
  });

  afterAll(async () => {
    await sidecar.close();
    await Promise.all([...servers.values()].map((server) => server.close()));
  });

  describe.each(routes.filter(({ name }) => name !== 'absolute form'))(
    'on the route by $name',
    ({ target }) => {
      it.each(refused)('$id: $reason', async ({ id, reason, situation }) => {
        const server = servers.get(id);
        const authority = `${situation.setUp().host}:${server?.port ?? 0}`;
        const answer = await ask(sidecar.proxy, target({ server: id, authority }, '/mcp'));
        await expectFailure(answer, sidecar, { server: id, reason });
        expect(JSON.parse(answer.body)).toMatchObject({ reason, server: id });
        expect(server?.requests).toEqual([]);
      });
    },
  );
});

it('covers every reason that a certificate can be refused for', () => {
  const reasons = new Set(modes.flatMap(({ refused }) => refused.map(({ reason }) => reason)));
  expect([...reasons].filter((reason) => reason.startsWith('tls_cert_')).sort()).toEqual([
    'tls_cert_expired',
    'tls_cert_issuer_unknown',
    'tls_cert_name_mismatch',
    'tls_cert_not_yet_valid',
    'tls_cert_pin_mismatch',
    'tls_cert_rejected',
    'tls_cert_self_signed',
    'tls_cert_strict',
  ]);
});
