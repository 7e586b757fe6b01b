import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { catalogue } from '../../../certs-fixtures/situations.ts';
import { writeSituation } from '../../../certs-fixtures/write-situation.ts';
import type { Listening } from '../../harness/listen.ts';
import { toolMissing } from '../../harness/require-tool.ts';
import { startSituation } from '../../harness/start-situation.ts';
import { temporaryDirectory } from '../../harness/temporary-directory.ts';
import {
  askByCurl,
  askByGo,
  askByNode,
  askByPython,
  findGo,
  nodeNames,
  pythonNames,
  pythonWithClients,
  type Subject,
} from './real-clients.ts';
import { chapterOf, inPageNames, toExpression } from './troubleshooting-page.ts';

/** What a server of the catalogue makes clients say, and where the page has it. */
interface Shown {
  readonly situation: string;
  /** As the heading begins. */
  readonly chapter: string;
  /** The row of Python's clients, where there is not one for each of them. */
  readonly python?: string;
  /** Whether the chapter has no rows of other clients. */
  readonly isOfPythonAlone?: boolean;
}

const weak = 'EE certificate key too weak';
const unknown = 'unable to get local issuer certificate';

const shown: readonly Shown[] = [
  { situation: 'aki-missing-leaf', chapter: 'Missing Authority Key Identifier' },
  { situation: 'aki-missing-intermediate', chapter: 'Missing Authority Key Identifier' },
  strict('ski-missing-root', 'a CA without subjectKeyIdentifier'),
  strict('key-usage-missing-root', 'a CA without keyUsage'),
  strict('basic-constraints-not-critical-root', 'a CA whose basicConstraints are not critical'),
  strict('basic-constraints-missing-root', 'a root of version 1 or without basicConstraints'),
  strict('version-1-root', 'a root of version 1 or without basicConstraints'),
  { situation: 'intermediate-missing', chapter: unknown, python: 'Python' },
  { situation: 'root-unknown', chapter: unknown, python: 'Python' },
  { situation: 'anchor-intermediate', chapter: 'unable to get issuer certificate', python: 'Python' },
  {
    situation: 'root-unknown-presented',
    chapter: 'self-signed certificate in certificate chain',
    python: 'Python',
  },
  { situation: 'self-signed', chapter: 'self-signed certificate', python: 'Python' },
  { situation: 'expired-leaf', chapter: 'certificate has expired', python: 'Python' },
  { situation: 'not-yet-valid-leaf', chapter: 'certificate is not yet valid', python: 'Python' },
  { situation: 'name-other', chapter: 'Hostname mismatch', python: 'Python' },
  {
    situation: 'name-common-name-only',
    chapter: 'certificate relies on legacy Common Name field',
  },
  { situation: 'key-weak', chapter: weak, python: 'Python: a key that is too short', isOfPythonAlone: true },
  { situation: 'signature-sha1', chapter: weak, python: 'Python: SHA-1 or MD5', isOfPythonAlone: true },
  { situation: 'client-purpose', chapter: weak, python: 'Python: not for servers', isOfPythonAlone: true },
  {
    situation: 'name-not-permitted',
    chapter: weak,
    python: 'Python: outside the name constraints of its CA',
    isOfPythonAlone: true,
  },
  {
    situation: 'client-certificate-required-13',
    chapter: 'tlsv13 alert certificate required',
    python: 'Python',
  },
  { situation: 'client-certificate-required-12', chapter: 'alert handshake failure', python: 'Python' },
  { situation: 'no-common-cipher', chapter: 'alert handshake failure', python: 'Python' },
  { situation: 'peer-plaintext', chapter: 'wrong version number', python: 'Python' },
  { situation: 'peer-reset', chapter: 'Connection reset by peer', python: 'Python' },
  { situation: 'peer-fin', chapter: 'EOF occurred in violation of protocol', python: 'Python' },
];

function strict(situation: string, what: string): Shown {
  return {
    situation,
    chapter: 'Missing Subject Key Identifier',
    python: `Python: ${what}`,
    isOfPythonAlone: true,
  };
}

const python = pythonWithClients();
const go = await findGo();
const servers: Listening[] = [];
const subjects: Subject[] = [];
/** One file of all bundles: Node takes one for a process. None of them vouches for a server that lacks its CA. */
let everyBundle = '';

beforeAll(async () => {
  const directory = temporaryDirectory();
  const bundles: string[] = [];
  for (const { situation: id } of shown) {
    const situation = catalogue.find((one) => one.id === id);
    if (situation === undefined) throw new Error(`the catalogue has no ${id}`);
    const { host, bundle } = situation.setUp();
    const server = await startSituation(situation.setUp());
    servers.push(server);
    bundles.push(bundle);
    subjects.push({
      url: `https://${host}:${server.port}/mcp`,
      bundle: writeSituation(directory, situation).bundle,
    });
  }
  everyBundle = join(directory, 'every-bundle.pem');
  writeFileSync(everyBundle, bundles.join(''));
});

afterAll(() => Promise.all(servers.map((server) => server.close())));

/** What is wrong with the page about one client: nothing, if all is well. */
function compare(
  said: readonly string[],
  row: (one: Shown) => string | undefined,
  isWhole: (one: Shown) => boolean,
): string[] {
  expect(said).toHaveLength(shown.length);
  return shown.flatMap((one, index) => {
    const name = row(one);
    if (name === undefined) return [];
    const quoted = chapterOf(one.chapter).says.get(name);
    if (quoted === undefined) return [`${one.situation}: "${one.chapter}" has no row "${name}"`];
    const words = inPageNames(said[index] ?? '');
    const fits =
      words === ''
        ? quoted.length === 0
        : quoted.some((text) => toExpression(text, isWhole(one)).test(words));
    return fits ? [] : [`${one.situation}: ${name} says: ${words === '' ? '(accepts)' : words}`];
  });
}

const rowOf = (name: string) => (one: Shown) => (one.isOfPythonAlone ? undefined : name);

describe('docs/troubleshooting.md has the very words', () => {
  it.skipIf(python === undefined).each(pythonNames)(
    "of Python's %s (needs MCP_TLS_SIDECAR_TEST_PYTHON_CLIENTS)",
    { timeout: 60_000 },
    async (client) => {
      const said = await askByPython(python ?? '', client)(subjects);
      const row = (one: Shown) => one.python ?? client;
      expect(compare(said, row, ({ python: frame }) => frame === undefined)).toEqual([]);
    },
  );

  it.each(nodeNames)("of Node's %s", { timeout: 60_000 }, async (client) => {
    const said = await askByNode(client)(subjects, { NODE_EXTRA_CA_CERTS: everyBundle });
    const failed = said.filter((words) => words !== '');
    expect(failed.filter((words) => words.startsWith('TypeError: fetch failed: '))).toHaveLength(
      client === 'fetch' ? failed.length : 0,
    );
    expect(compare(said, rowOf('Node'), () => false)).toEqual([]);
  });

  it.skipIf(toolMissing('curl'))('of curl (needs curl)', { timeout: 60_000 }, async () => {
    expect(compare(await askByCurl()(subjects), rowOf('curl'), () => true)).toEqual([]);
  });

  it.skipIf(go === undefined && toolMissing('go'))('of Go (needs go)', { timeout: 200_000 }, async () => {
    const ask = await askByGo(go ?? '');
    expect(compare(await ask(subjects), rowOf('Go'), () => true)).toEqual([]);
  });
});

it('docs/troubleshooting.md names the reason that the sidecar gives beside each', () => {
  const wrong = shown.flatMap(({ situation: id, chapter: start }) => {
    const { expected = '' } = catalogue.find((one) => one.id === id) ?? {};
    const isNamed = expected === 'accepted' || chapterOf(start).text.includes(`\`${expected}\``);
    return isNamed ? [] : [`${id}: ${expected} is not in "${start}"`];
  });
  expect(wrong).toEqual([]);
});
