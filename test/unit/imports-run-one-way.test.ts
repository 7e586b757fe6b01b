import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';

/** ARCHITECTURE: each row may import the rows above it, never its own neighbours or the rows below. */
const rows = [
  ['authority', 'failure', 'ip-address', 'version'],
  ['config', 'trust'],
  ['ca', 'policy'],
  ['snapshot'],
  ['upstream'],
  ['downstream'],
  ['telemetry'],
  ['reload', 'proxy', 'doctor'],
  ['status'],
  ['admin'],
  ['start-problems'],
  ['app'],
  ['cli', 'index'],
  ['main'],
];

const source = path.resolve(import.meta.dirname, '../../src');
const files = globSync('**/*.ts', { cwd: source });

describe('imports run one way', () => {
  it('every file belongs to a room', () => {
    expect(files.length).toBeGreaterThan(40);
    expect(files.filter((file) => rowOf(roomOf(file)) < 0)).toEqual([]);
  });

  it.each(files)('%s', (file) => {
    const wrong = importsOf(file).filter((imported) => !mayImport(roomOf(file), roomOf(imported)));
    expect(wrong, `${file} imports against the direction of ARCHITECTURE`).toEqual([]);
  });

  it('would notice an import that runs back', () => {
    expect(mayImport('trust', 'proxy')).toBe(false);
    expect(mayImport('config', 'trust')).toBe(false);
    expect(mayImport('proxy', 'trust')).toBe(true);
  });
});

function roomOf(file: string): string {
  return file.split('/')[0]?.replace(/\.ts$/, '') ?? '';
}

function rowOf(room: string): number {
  return rows.findIndex((row) => row.includes(room));
}

function mayImport(room: string, imported: string): boolean {
  return room === imported || rowOf(imported) < rowOf(room);
}

/** The files of src that a file imports, types included. */
function importsOf(file: string): string[] {
  const text = readFileSync(path.join(source, file), 'utf8');
  return [...text.matchAll(/(?:from|import) '(\.[^']+)'/g)].map(([, specifier = '']) =>
    path.relative(source, path.resolve(source, path.dirname(file), specifier)),
  );
}
