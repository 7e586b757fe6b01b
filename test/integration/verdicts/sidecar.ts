import { ask } from '../../harness/ask.ts';
import { configText } from '../../harness/config-text.ts';
import { situationEntry } from '../../harness/situation-entry.ts';
import { startInProcess } from '../../harness/start-in-process.ts';
import { askEach, patienceSeconds, type Client } from './subject.ts';

/** The sidecar, with these keys of `tls` in every entry. */
export function sidecar(tls: object): Client {
  return {
    version: undefined,
    judge: async (subjects) => {
      const entries = subjects.map(({ situation, port, files }) => [
        situation.id,
        situationEntry(situation, port, files, tls),
      ]);
      const running = await startInProcess({
        config: configText(Object.fromEntries(entries) as Record<string, object>, {
          timeouts: { dial: `${patienceSeconds}s` },
        }),
      });
      const verdicts = await askEach(subjects, async ({ situation }) => {
        const { status, body } = await ask(running.proxy, `/${situation.id}/mcp`);
        if (status === 200) return { accepts: true, words: 'accepted' };
        return { accepts: false, words: (JSON.parse(body) as { reason: string }).reason };
      });
      await running.close();
      return verdicts;
    },
  };
}
