import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import type { Contender } from '../contenders.ts';
import { portOf, run } from '../processes.ts';

const options = { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ESNext };
const source = new URL('../programs/floor.ts', import.meta.url);

/** The names of what is measured as the least that Node takes, by what it has on the side of the client. */
export const floors = { http: 'floor: node:http and tls', sockets: 'floor: net and tls' } as const;

/** @see bench/programs/floor.ts */
export const floor = (inbound: keyof typeof floors): Contender => ({
  name: floors[inbound],
  version: process.version,
  share: 1,
  async start({ directory, upstreamPort, caFile, certificateFile, keyFile }) {
    mkdirSync(directory, { recursive: true });
    // As JavaScript: what takes types away would be counted as its own.
    const file = join(directory, 'floor.mjs');
    writeFileSync(file, ts.transpile(readFileSync(source, 'utf8'), options));
    const args = [file, inbound, String(upstreamPort), caFile, certificateFile, keyFile];
    const child = run(process.execPath, args, 'proxy', { ipc: true });
    return { child, pid: child.pid ?? 0, port: await portOf(child), prefix: '' };
  },
});
