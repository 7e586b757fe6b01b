import { describe, expect, it } from 'vitest';
import type { Situation, Verdict } from '../../../certs-fixtures/situation.ts';
import { catalogue } from '../../../certs-fixtures/situations.ts';
import { writeSituation } from '../../../certs-fixtures/write-situation.ts';
import { ask } from '../../harness/ask.ts';
import { configText } from '../../harness/config-text.ts';
import { expectFailure } from '../../harness/expect-failure.ts';
import { strictPython, toolMissing } from '../../harness/require-tool.ts';
import { situationEntry } from '../../harness/situation-entry.ts';
import { startInProcess } from '../../harness/start-in-process.ts';
import { temporaryDirectory } from '../../harness/temporary-directory.ts';
import { serverFiles, startNginx, startOpenssl, startPython, type ServerFiles } from './real-servers.ts';

/** One of each kind that a server can bring about by itself; the rest is Node's in every-situation.test.ts. */
const ids = [
  'good-rsa',
  'chain-disordered',
  'aki-missing-leaf',
  'intermediate-missing',
  'self-signed',
  'signature-broken',
  'client-purpose',
  'expired-leaf',
  'not-yet-valid-leaf',
  'name-other',
  'tls-11-at-most',
  'tls-12-only',
  'client-certificate-sent-12',
  'client-certificate-sent-13',
  'client-certificate-required-12',
  'client-certificate-required-13',
  'client-certificate-wrong-12',
  'client-certificate-wrong-13',
];

interface Software {
  readonly name: string;
  readonly isMissing: boolean;
  readonly start: (files: ServerFiles) => Promise<number>;
  /** What it does otherwise than Node: a reason, or a status that it answers with. */
  readonly otherwise: Readonly<Record<string, Verdict | number>>;
}

const python = strictPython();
/** They say why before they hang up. */
const byAlert: Software['otherwise'] = {
  'client-certificate-wrong-12': 'tls_alert_received',
  'client-certificate-wrong-13': 'tls_alert_received',
};
/** It lets anybody finish the handshake, and says by HTTP what it thinks of the certificate. */
const byHttp: Software['otherwise'] = Object.fromEntries(
  ids.filter((id) => /^client-certificate-(?:required|wrong)/.test(id)).map((id) => [id, 400]),
);

const software: readonly Software[] = [
  { name: 'openssl', isMissing: toolMissing('openssl'), start: startOpenssl, otherwise: byAlert },
  { name: 'nginx', isMissing: toolMissing('nginx'), start: startNginx, otherwise: byHttp },
  {
    name: 'python3',
    isMissing: python === undefined,
    start: (files) => startPython(python?.path ?? '', files),
    otherwise: byAlert,
  },
];

const situations = ids.map((id) => catalogue.find((one) => one.id === id)).filter((one) => one !== undefined);

it('knows the situations that it names', () => {
  expect(situations.map(({ id }) => id)).toEqual(ids);
});

describe.each(software)('a server of $name', ({ name, isMissing, start, otherwise }) => {
  /** Default and strict at once: each has an entry and a server of its own. */
  async function serve(situation: Situation) {
    const files = writeSituation(temporaryDirectory(), situation);
    const ports = await Promise.all([0, 1].map(() => start(serverFiles(situation.setUp(), files))));
    const [lax = 0, strict = 0] = ports;
    return startInProcess({
      config: configText({
        lax: situationEntry(situation, lax, files),
        strict: situationEntry(situation, strict, files, { strict: true }),
      }),
    });
  }

  it.skipIf(isMissing).each(situations)(`$id (needs ${name})`, async (situation) => {
    const sidecar = await serve(situation);
    for (const [server, verdict] of [
      ['lax', otherwise[situation.id] ?? situation.expected],
      ['strict', otherwise[situation.id] ?? situation.strict],
    ] as const) {
      const answer = await ask(sidecar.proxy, `/${server}/`);
      if (typeof verdict === 'number') expect(answer.status).toBe(verdict);
      else if (verdict === 'accepted') expect(answer.status).toBe(200);
      else await expectFailure(answer, sidecar, { server, reason: verdict });
    }
  });
});
