import { expect, it } from 'vitest';
import { catalogue } from '../../../certs-fixtures/situations.ts';
import { writeSituation } from '../../../certs-fixtures/write-situation.ts';
import { ask } from '../../harness/ask.ts';
import { configText } from '../../harness/config-text.ts';
import { poll } from '../../harness/poll.ts';
import { situationEntry } from '../../harness/situation-entry.ts';
import { startInProcess } from '../../harness/start-in-process.ts';
import { startSituation } from '../../harness/start-situation.ts';
import { temporaryDirectory } from '../../harness/temporary-directory.ts';

/** How many certificates the chain has that was used, the anchor among them. */
const lengths = { 'chain-disordered': 4, 'chain-duplicated': 4, 'chain-with-strangers': 3, 'anchor-leaf': 1 };

async function visit(id: string) {
  const situation = catalogue.find((one) => one.id === id);
  if (situation === undefined) throw new Error('the catalogue has no such situation');
  const { port } = await startSituation(situation.setUp());
  const files = writeSituation(temporaryDirectory(), situation);
  const sidecar = await startInProcess({
    config: configText({ odd: situationEntry(situation, port, files) }),
  });
  const answer = await ask(sidecar.proxy, '/odd/mcp');
  expect(answer.status).toBe(200);
  return (name: string) => sidecar.metric(`mcp_tls_sidecar_upstream_certificate_${name}`, { server: 'odd' });
}

it.each(Object.entries(lengths))('the metrics of %s tell of %d certificates', async (id, length) => {
  const metric = await visit(id);
  await poll(async () => (await metric('info')) === length, { what: `${length} certificates` });
});

it('of two intermediates that were sent, the one that was used is told of, and not the one that has expired', async () => {
  const metric = await visit('intermediate-twins');
  const notAfter = await poll(() => metric('not_after_timestamp_seconds'), { what: 'the gauge' });
  expect(notAfter * 1_000).toBeGreaterThan(Date.now());
});
