import { execFile, type ExecException } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { TestProject } from 'vitest/node';
import { findStrictPython, type StrictPython } from '../../examples/demo/strict-python.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** The interpreter of the virtual environment that holds LiteLLM. */
    readonly litellmPython: string;
  }
}

const requirements = fileURLToPath(new URL('requirements.txt', import.meta.url));
const strictness = fileURLToPath(new URL('strict_as_python_3_13.py', import.meta.url));
const installTimeoutMs = 15 * 60_000;

/** Finds or makes the virtual environment, before any test. It is kept, for the next run. */
export default async function setUp({ provide }: TestProject): Promise<void> {
  const python = findStrictPython();
  // requirements.txt has no packages that stand in for parts of the standard library of 3.11.
  if (python === undefined || /^3\.(\d|10)\./.test(python.version))
    throw new Error('LiteLLM is run on Python 3.11 or later, with its venv module (python3-venv)');
  if (python.needsFlags)
    say(`no Python 3.13 is here: Python ${python.version} is made to verify as 3.13 does by itself`);
  const folder = folderFor(python);
  const startedAt = performance.now();
  const isWarm = existsSync(folder);
  if (!isWarm) await install(python, folder);
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  say(`${isWarm ? 'found (warm)' : 'installed (cold)'} in ${seconds} s: ${folder}, Python ${python.version}`);
  provide('litellmPython', join(folder, 'bin/python'));
}

/** Its name changes with whatever it is made from, so that what is there can be taken as it is. */
function folderFor({ path, version }: StrictPython): string {
  const hash = createHash('sha256').update(path).update(version);
  for (const file of [requirements, strictness]) hash.update(readFileSync(file));
  const litellm = /^litellm==(\S+)$/m.exec(readFileSync(requirements, 'utf8'))?.[1] ?? 'unknown';
  const caches = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache');
  return join(caches, 'mcp-tls-sidecar', `litellm-${litellm}-${hash.digest('hex').slice(0, 12)}`);
}

async function install(python: StrictPython, folder: string): Promise<void> {
  say('installing LiteLLM (some 700 MB; a minute or two)');
  // Elsewhere until it is complete: an interrupted or a second run must find all of it or nothing.
  const partial = `${folder}.partial-${process.pid}`;
  mkdirSync(join(folder, '..'), { recursive: true });
  try {
    await run(python.path, ['-m', 'venv', partial]);
    const pip = ['-m', 'pip', '--disable-pip-version-check', 'install', '--quiet', '--no-deps'];
    await run(join(partial, 'bin/python'), [...pip, '--requirement', requirements]);
    if (python.needsFlags) await makeStrict(partial);
    if (!existsSync(folder)) renameSync(partial, folder);
  } finally {
    rmSync(partial, { recursive: true, force: true });
  }
}

/** Whatever Python runs in the environment loads this first. */
async function makeStrict(partial: string): Promise<void> {
  const script = 'import sysconfig; print(sysconfig.get_path("purelib"))';
  const packages = await run(join(partial, 'bin/python'), ['-c', script]);
  const module = 'strict_as_python_3_13';
  writeFileSync(join(packages.trim(), `${module}.py`), readFileSync(strictness));
  // Not sitecustomize: Debian's Python has one of its own, which goes first.
  writeFileSync(join(packages.trim(), `${module}.pth`), `import ${module}\n`);
}

function run(file: string, args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const done = (error: ExecException | null, stdout: string, stderr: string) => {
      if (error === null) resolve(stdout);
      else reject(new Error(`${file} ${args.join(' ')} failed: ${stderr || error.message}`));
    };
    execFile(file, args, { encoding: 'utf8', timeout: installTimeoutMs }, done);
  });
}

const say = (what: string) => void process.stdout.write(`litellm: ${what}\n`);
