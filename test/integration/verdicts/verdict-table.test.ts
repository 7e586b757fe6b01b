import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { catalogue } from '../../../certs-fixtures/situations.ts';
import { writeSituation } from '../../../certs-fixtures/write-situation.ts';
import { handshakeFailureReasons } from '../../../src/failure.ts';
import type { Listening } from '../../harness/listen.ts';
import { toolMissing } from '../../harness/require-tool.ts';
import { startSituation } from '../../harness/start-situation.ts';
import { temporaryDirectory } from '../../harness/temporary-directory.ts';
import { curl } from './curl.ts';
import { go } from './go.ts';
import { node } from './node.ts';
import { opensslVerify } from './openssl.ts';
import { python } from './python.ts';
import { renderPage, type Column } from './render-page.ts';
import { sidecar } from './sidecar.ts';
import type { Client, Subject } from './subject.ts';

const page = join(import.meta.dirname, '../../../docs/verdicts.md');
const withoutOpenssl = toolMissing('openssl');
const withoutCurl = toolMissing('curl');

const columns = {
  sidecar: 'sidecar',
  strict: 'strict',
  openssl: 'openssl verify',
  opensslStrict: '-x509_strict',
  curl: 'curl',
  python: 'CPython',
  node: 'Node',
  go: 'Go',
} as const;

/** Every client of the page, in its order; undefined where it is not installed. */
type Clients = Readonly<Record<keyof typeof columns, Client | undefined>>;

async function findClients(): Promise<Clients> {
  return {
    sidecar: sidecar({}),
    strict: sidecar({ strict: true }),
    openssl: withoutOpenssl ? undefined : await opensslVerify(),
    opensslStrict: withoutOpenssl ? undefined : await opensslVerify('-x509_strict'),
    curl: withoutCurl ? undefined : await curl(),
    python: await python(),
    node: node(),
    go: await go(),
  };
}

let table: Readonly<Record<keyof typeof columns, Column>>;
const servers: Listening[] = [];

beforeAll(async () => {
  const directory = temporaryDirectory();
  const subjects: Subject[] = [];
  for (const situation of catalogue) {
    const server = await startSituation(situation.setUp());
    servers.push(server);
    subjects.push({ situation, port: server.port, files: writeSituation(directory, situation) });
  }
  table = await measure(await findClients(), subjects);
}, 240_000);

afterAll(() => Promise.all(servers.map((server) => server.close())));

/** One lane for what runs in this process, one for what does not: each is patient with the server that stalls. */
async function measure(clients: Clients, subjects: readonly Subject[]): Promise<typeof table> {
  const measured: Partial<Record<keyof typeof columns, Column>> = {};
  const lane = async (...keys: readonly (keyof typeof columns)[]) => {
    for (const key of keys) {
      const client = clients[key];
      const verdicts = await client?.judge(subjects);
      const showsWords = ['sidecar', 'strict', 'openssl', 'opensslStrict'].includes(key);
      measured[key] = {
        name: columns[key],
        version: client === undefined ? '' : client.version,
        showsWords,
        verdicts,
      };
    }
  };
  await Promise.all([
    lane('sidecar', 'strict', 'node'),
    lane('go', 'python', 'openssl', 'opensslStrict', 'curl'),
  ]);
  const keys = Object.keys(columns) as (keyof typeof columns)[];
  return Object.fromEntries(keys.map((key) => [key, measured[key]])) as unknown as typeof table;
}

/** undefined: not asked. */
const accepts = (column: keyof typeof columns, id: string): boolean | undefined =>
  table[column].verdicts?.get(id)?.accepts;

const idsWhere = (fits: (id: string) => boolean): readonly string[] =>
  catalogue.map(({ id }) => id).filter(fits);

describe('the sidecar', () => {
  it.each(catalogue)('$id: $expected, strict: $strict', ({ id, expected, strict }) => {
    const verdicts = [table.sidecar, table.strict].map((column) => column.verdicts?.get(id)?.words);
    expect(verdicts).toEqual([expected, strict]);
  });

  it.skipIf(withoutOpenssl)(
    'never accepts what OpenSSL refuses under the same anchors (needs openssl)',
    () => {
      expect(table.openssl.verdicts?.size).toBeGreaterThan(80);
      expect(idsWhere((id) => accepts('sidecar', id) === true && accepts('openssl', id) === false)).toEqual(
        [],
      );
    },
  );

  it.skipIf(withoutOpenssl)(
    'refuses with strict what OpenSSL refuses with -x509_strict (needs openssl)',
    () => {
      const refused = idsWhere((id) => accepts('opensslStrict', id) === false);
      expect(refused).toContain('aki-missing-leaf');
      expect(refused.filter((id) => accepts('strict', id) === true)).toEqual([]);
    },
  );

  it('refuses with strict what CPython refuses', () => {
    expect(idsWhere((id) => accepts('strict', id) === true && accepts('python', id) === false)).toEqual([]);
  });

  it('accepts nothing with strict that it refuses without', () => {
    expect(idsWhere((id) => accepts('strict', id) === true && accepts('sidecar', id) === false)).toEqual([]);
  });
});

describe('the catalogue', () => {
  it('has a situation for every reason of handshakes', () => {
    const reasons = new Set(catalogue.flatMap(({ expected, strict }) => [expected, strict]));
    expect(handshakeFailureReasons.filter((reason) => !reasons.has(reason))).toEqual([]);
  });

  it('calls each situation by a name of its own', () => {
    const ids = catalogue.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.filter((id) => !/^[a-z0-9]+(-[a-z0-9]+)*$/.test(id))).toEqual([]);
  });

  const differing = () => {
    const keys = Object.keys(columns) as (keyof typeof columns)[];
    return idsWhere(
      (id) => new Set(keys.map((key) => accepts(key, id)).filter((said) => said !== undefined)).size > 1,
    );
  };
  const explained = catalogue.filter(({ differs }) => differs !== undefined).map(({ id }) => id);

  it('explains every difference between clients', () => {
    expect(differing()).toContain('aki-missing-leaf');
    expect(differing().filter((id) => !explained.includes(id))).toEqual([]);
  });

  it('explains no difference that is none, where all clients are here that the page was measured with', () => {
    const pinned = existsSync(page) ? readFileSync(page, 'utf8') : '';
    const isPinned = Object.values(table).every(
      ({ name, version }) => version === undefined || pinned.includes(`- ${name}: ${version}\n`),
    );
    if (isPinned) expect(explained.filter((id) => !differing().includes(id))).toEqual([]);
  });

  it('is written down in docs/verdicts.md with what each client says', async () => {
    const old = existsSync(page) ? readFileSync(page, 'utf8') : '';
    await expect(renderPage(Object.values(table), old)).toMatchFileSnapshot(page);
  });
});
