import { execFile, type ExecException } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { StrictPython } from '../../examples/demo/strict-python.ts';

const strictness = fileURLToPath(new URL('../litellm/strict_as_python_3_13.py', import.meta.url));
const installTimeoutMs = 15 * 60_000;

/** Where set-ups of minutes keep what they made, for the next run. */
export function cacheFolder(): string {
  return join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'mcp-tls-sidecar');
}

export interface EnvironmentOptions {
  readonly python: StrictPython;
  /** The beginning of its folder's name. */
  readonly name: string;
  /** The path of a requirements file that names every package, for `pip install --no-deps`. */
  readonly requirements: string;
}

/** Finds or makes a virtual environment that verifies as Python 3.13 does. @returns the path of its interpreter */
export async function virtualEnvironment({
  python,
  name,
  requirements,
}: EnvironmentOptions): Promise<string> {
  const made = [python.path, python.version, readFileSync(requirements), readFileSync(strictness)];
  const folder = await makeOnce(name, made, async (partial) => {
    await run(python.path, ['-m', 'venv', partial]);
    const pip = ['-m', 'pip', '--disable-pip-version-check', 'install', '--quiet', '--no-deps'];
    await run(join(partial, 'bin/python'), [...pip, '--requirement', requirements]);
    if (python.needsFlags) await makeStrict(partial);
  });
  return join(folder, 'bin/python');
}

/**
 * Finds or makes a folder in the cache.
 *
 * @param madeFrom all that it is made from: its name changes with that, so that what is there can be taken as it is
 */
export async function makeOnce(
  name: string,
  madeFrom: readonly (string | Buffer)[],
  make: (partial: string) => Promise<void>,
): Promise<string> {
  const hash = createHash('sha256');
  for (const part of madeFrom) hash.update(part).update('\0');
  const folder = join(cacheFolder(), `${name}-${hash.digest('hex').slice(0, 12)}`);
  if (existsSync(folder)) return folder;
  // Elsewhere until it is complete: an interrupted or a second run must find all of it or nothing.
  const partial = `${folder}.partial-${process.pid}`;
  mkdirSync(partial, { recursive: true });
  try {
    await make(partial);
    if (!existsSync(folder)) renameSync(partial, folder);
  } finally {
    rmSync(partial, { recursive: true, force: true });
  }
  return folder;
}

/** Whatever Python runs in the environment loads this first. */
async function makeStrict(partial: string): Promise<void> {
  const script = 'import sysconfig; print(sysconfig.get_path("purelib"))';
  const packages = (await run(join(partial, 'bin/python'), ['-c', script])).trim();
  const module = 'strict_as_python_3_13';
  writeFileSync(join(packages, `${module}.py`), readFileSync(strictness));
  // Not sitecustomize: Debian's Python has one of its own, which goes first.
  writeFileSync(join(packages, `${module}.pth`), `import ${module}\n`);
}

/** Runs a command of a set-up. @returns what it wrote @throws with what it complained of */
export function run(file: string, args: readonly string[], cwd?: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const done = (error: ExecException | null, stdout: string, stderr: string) => {
      if (error === null) resolve(stdout);
      else reject(new Error(`${file} ${args.join(' ')} failed: ${stderr || error.message}`));
    };
    execFile(file, args, { encoding: 'utf8', timeout: installTimeoutMs, cwd }, done);
  });
}
