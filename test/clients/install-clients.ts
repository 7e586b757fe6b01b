import { copyFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { TestProject } from 'vitest/node';
import { findStrictPython } from '../../examples/demo/strict-python.ts';
import { makeOnce, run, virtualEnvironment } from '../harness/virtual-environment.ts';

/** Where the clients are that are no devDependencies. */
export interface InstalledClients {
  /** Interpreters of environments that hold the MCP Python SDK v1, v2, and requests with aiohttp. */
  readonly python: Readonly<Record<'mcp1' | 'mcp2' | 'http', string>>;
  /** A `node_modules` with mcp-remote and the Inspector. */
  readonly nodeModules: string;
  /** A program that POSTs by Go's net/http. */
  readonly go: string;
}

declare module 'vitest' {
  interface ProvidedContext {
    readonly clients: InstalledClients;
  }
}

const pathOf = (file: string): string => fileURLToPath(new URL(file, import.meta.url));

/** Finds or makes them, before any test. They are kept, for the next run. */
export default async function setUp({ provide }: TestProject): Promise<void> {
  const startedAt = performance.now();
  const clients = {
    python: await installPythons(),
    nodeModules: await installFromNpm(),
    go: await buildGo(),
  };
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  process.stdout.write(`clients: ready in ${seconds} s\n`);
  provide('clients', clients);
}

async function installPythons(): Promise<InstalledClients['python']> {
  const python = findStrictPython();
  // The lists name no packages that stand in for parts of the standard library of 3.11.
  if (python === undefined || python.version.startsWith('3.10.'))
    throw new Error('the clients are run on Python 3.11 or later, with its venv module (python3-venv)');
  const install = (name: string, file: string) =>
    virtualEnvironment({ python, name, requirements: pathOf(`python/${file}`) });
  return {
    mcp1: await install('python-mcp-1', 'mcp-1.txt'),
    mcp2: await install('python-mcp-2', 'mcp-2.txt'),
    http: await install('python-http', 'http.txt'),
  };
}

async function installFromNpm(): Promise<string> {
  const files = ['package.json', 'package-lock.json'];
  const contents = files.map((file) => readFileSync(pathOf(`node/${file}`)));
  const folder = await makeOnce('npm-clients', contents, async (partial) => {
    for (const file of files) copyFileSync(pathOf(`node/${file}`), join(partial, file));
    // What they would run at their installation only serves who works on them.
    await run('npm', ['ci', '--no-audit', '--no-fund', '--ignore-scripts'], partial);
  });
  return join(folder, 'node_modules');
}

async function buildGo(): Promise<string> {
  const source = pathOf('go/post.go');
  // Where its own installer puts it, as deploy/validate.sh takes it too.
  process.env['PATH'] = `${process.env['PATH'] ?? ''}:/usr/local/go/bin`;
  const version = await run('go', ['version']);
  const folder = await makeOnce('go-client', [version, readFileSync(source)], async (partial) => {
    await run('go', ['build', '-o', join(partial, 'post'), source]);
  });
  return join(folder, 'post');
}
