import { styleText } from 'node:util';
import { clean } from './clean.ts';
import { drawChain } from './draw-chain.ts';
import type { Remedy } from './remedy.ts';
import type { Report } from './report.ts';
import type { StepStatus } from './steps.ts';
import { hang, wrap } from './wrap.ts';

/** How words are coloured. Only the renderer itself writes escape sequences. */
export type Paint = (word: string, colour: 'red' | 'yellow' | 'green' | 'bold' | 'dim') => string;

/** For pipes and files, and where NO_COLOR is set. */
export const plain: Paint = (word) => word;

export const coloured: Paint = (word, colour) => styleText(colour, word, { validateStream: false });

const statusWords: Readonly<Record<StepStatus, readonly [string, Parameters<Paint>[1]]>> = {
  pass: ['pass', 'green'],
  warn: ['warn', 'yellow'],
  fail: ['FAIL', 'red'],
  skipped: ['-   ', 'dim'],
};

/** A report for people: 80 columns, readable without colour. */
export function renderText(report: Report, paint: Paint = plain): string {
  const lines = [
    ...renderHead(report, paint),
    '',
    ...renderSteps(report, paint),
    ...renderChainAndBundles(report, paint),
    ...renderClients(report, paint),
    ...renderDiagnosis(report, paint),
  ];
  return `${lines.join('\n')}\n`;
}

function renderHead({ target, url, entry, notes }: Report, paint: Paint): string[] {
  const title = target === url ? url : `${clean(target)}  ${url}`;
  const by = entry === undefined || entry === target ? [] : [`by the entry ${entry}`];
  return [paint(title, 'bold'), ...[...by, ...notes].flatMap((note) => wrap(clean(note, 300), '  '))];
}

function renderSteps({ steps }: Report, paint: Paint): string[] {
  return steps.flatMap(({ id, status, detail }) => {
    const [word, colour] = statusWords[status];
    const [first = '', ...rest] = hang(`  ${word}  ${id.padEnd(15)}`, detail);
    return [`  ${paint(word, colour)}${first.slice(6)}`, ...rest];
  });
}

function renderChainAndBundles(report: Report, paint: Paint): string[] {
  const { chain, bundles } = report;
  if (chain === undefined) return [];
  return [
    '',
    ...drawChain(chain, paint),
    '',
    'bundles at hand',
    ...bundles.flatMap(({ source, isUsed, verifies, words }) => {
      const mark = verifies ? 'yes' : 'no ';
      const [first = '', ...rest] = hang(`  ${mark}  `, `${source}${isUsed ? ' (used here)' : ''}: ${words}`);
      return [`  ${paint(mark, verifies ? 'green' : 'red')}${first.slice(5)}`, ...rest];
    }),
  ];
}

function renderClients({ clients }: Report, paint: Paint): string[] {
  if (clients.length === 0) return [];
  return [
    '',
    'clients with the bundle used here',
    ...clients.flatMap(({ client, accepts, why }) => {
      const word = accepts ? 'accepts' : 'refuses';
      const heading = `  ${client.padEnd(12)}  `;
      const [first = '', ...rest] = hang(heading, `${word}${why === '' ? '' : `: ${why}`}`);
      const painted = paint(word, accepts ? 'green' : 'red');
      return [`${heading}${painted}${first.slice(heading.length + word.length)}`, ...rest];
    }),
  ];
}

function renderDiagnosis({ cause, fault, sentence, also, remedy }: Report, paint: Paint): string[] {
  const whose = fault === undefined ? '' : ` (${whoseFault[fault]})`;
  return [
    '',
    paint(cause === 'none' ? 'nothing is wrong' : `${cause}${whose}`, 'bold'),
    ...wrap(`${sentence}.`, '  '),
    ...also.flatMap((one) => wrap(`And: ${one}.`, '  ')),
    ...remedy.flatMap((one) => renderRemedy(one)),
  ];
}

const whoseFault = {
  server: 'to be mended at the server',
  configuration: 'to be mended in the configuration',
  network: 'to be looked for on the way',
  client: 'to be mended on this machine',
} as const;

function renderRemedy({ kind, text }: Remedy): string[] {
  switch (kind) {
    case 'yaml':
      return text.split('\n').map((line) => `      ${cleanYaml(line)}`);
    case 'message':
      return hang('  ask:  ', clean(text, 1000));
    case 'do':
      return hang('  do:   ', clean(text, 500));
  }
}

/** With its indent, which means something. */
function cleanYaml(line: string): string {
  const indent = /^ */.exec(line)?.[0] ?? '';
  return `${indent}${clean(line, 300)}`;
}
