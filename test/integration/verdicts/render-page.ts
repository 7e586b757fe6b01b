import { chapters } from '../../../certs-fixtures/situations.ts';
import type { Situation } from '../../../certs-fixtures/situation.ts';
import type { Said, Verdicts } from './subject.ts';

/** A column as the page has it. */
export interface Column {
  readonly name: string;
  /** Undefined for what is measured at every run. */
  readonly version: string | undefined;
  /** Whether its cells hold words beside yes and no. */
  readonly showsWords: boolean;
  /** Undefined where the client is not at hand. */
  readonly verdicts: Verdicts | undefined;
}

/**
 * The page of all verdicts. What was measured with the versions that the page names is written anew; a column whose
 * client is missing here, or of another version, stays as it is.
 *
 * @param old the page as it stands, empty for none
 */
export function renderPage(columns: readonly Column[], old: string): string {
  const before = readPage(old);
  const isKept = ({ name, version, verdicts }: Column) =>
    version !== undefined &&
    before.versions.has(name) &&
    (verdicts === undefined || before.versions.get(name) !== version);
  const versions = columns
    .filter(({ version }) => version !== undefined)
    .map((column) => {
      const version = isKept(column) ? before.versions.get(column.name) : column.version;
      return `- ${column.name}: ${version ?? ''}`;
    });
  const row = (situation: Situation) => {
    const cells = columns.map((column, index) =>
      isKept(column) ? before.cells.get(situation.id)?.[index] : cellOf(column, situation),
    );
    const name = `\`${situation.id}\`<br>${situation.title}`;
    const notes = [situation.because, situation.differs].filter((note) => note !== undefined).join(' ');
    return `| ${[name, ...cells.map((cell) => cell ?? '?'), notes].join(' | ')} |`;
  };
  const heads = ['situation', ...columns.map(({ name }) => name), 'why'];
  const head = [`| ${heads.join(' | ')} |`, `|${'---|'.repeat(heads.length)}`];
  const tables = chapters.map(({ title, situations }) =>
    [`## ${title}`, '', ...head, ...situations.map(row), ''].join('\n'),
  );
  return [introduction, ...versions, '', ...tables].join('\n');
}

function cellOf({ verdicts, showsWords }: Column, { id }: Situation): string {
  const said = verdicts?.get(id);
  if (said === undefined) return verdicts === undefined ? '?' : '';
  return said.accepts ? 'yes' : refusal(said, showsWords);
}

const refusal = ({ words }: Said, showsWords: boolean): string =>
  showsWords ? `**no**: ${words}` : '**no**';

interface Page {
  readonly versions: ReadonlyMap<string, string>;
  readonly cells: ReadonlyMap<string, readonly string[]>;
}

function readPage(text: string): Page {
  const versions = [...text.matchAll(/^- ([^:\n]+): (.*)$/gm)].map(([, name = '', version = '']) => {
    return [name, version] as const;
  });
  const rows = [...text.matchAll(/^\| `([a-z0-9-]+)`<br>[^|]* \| (.*) \|$/gm)].map(
    ([, id = '', cells = '']) => {
      return [id, cells.split(' | ')] as const;
    },
  );
  return { versions: new Map(versions), cells: new Map(rows) };
}

const introduction = `# Verdicts

What each client makes of a server, measured against real servers by \`test/integration/verdicts/\`, which writes this page
too (\`npx vitest run test/integration/verdicts -u\`). *sidecar* is \`ssl_verify\` with the bundle and nothing else, *strict* the
same with \`tls.strict: true\`; where they refuse, the reason is the one in [failures.md](failures.md). \`openssl verify\` is asked with \`-partial_chain
-purpose sslserver\` and the name, *-x509_strict* with that flag too; the others are as they come, given the same CA file. An empty cell: not about the certificate.

The sidecar never accepts what OpenSSL refuses under the same anchors. \`strict\` refuses what any OpenSSL from 3.0 to 4.0 refuses under \`X509_V_FLAG_X509_STRICT\`, and so
what CPython refuses from 3.13 on: 3.0.19, 3.1.4, 3.2.2, 3.3.2, 3.4.1 and 3.5.5 were found to agree on every situation; where 4.0.3 differs the row says so.
The certificates are in \`certs-fixtures/\`; \`npm run certs\` writes them to \`certs/\` to try out. Never trust any of them.

Measured with
`;
