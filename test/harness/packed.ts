import { execFile, type ExecException } from 'node:child_process';
import { mkdirSync, realpathSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { temporaryDirectory } from './temporary-directory.ts';

const top = path.resolve(import.meta.dirname, '../..');

export interface Result {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end, with an environment of its own. */
export function runIn(
  cwd: string,
  env: NodeJS.ProcessEnv,
  [file = '', ...args]: readonly string[],
): Promise<Result> {
  return new Promise((resolve) => {
    execFile(file, args, { cwd, env, timeout: 120_000 }, (error: ExecException | null, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code ?? 1), stdout, stderr });
    });
  });
}

/** What somebody has who has this Node, npm, and nothing of ours. */
export function environmentOf(node: string): NodeJS.ProcessEnv {
  const home = temporaryDirectory();
  const bin = path.join(home, 'bin');
  mkdirSync(bin);
  symlinkSync(realpathSync(node), path.join(bin, 'node'));
  // Without our own node_modules/.bin, where another node is.
  const rest = (process.env['PATH'] ?? '')
    .split(path.delimiter)
    .filter((each) => !each.includes('node_modules'));
  return {
    PATH: [bin, ...rest].join(path.delimiter),
    HOME: home,
    // Nothing is there to be fetched: an attempt shall fail, not depend on the network.
    npm_config_offline: 'true',
    npm_config_update_notifier: 'false',
  };
}

/** Makes the package as it is published. @returns the path of the tarball */
export async function pack(destination: string): Promise<string> {
  const { code, stdout, stderr } = await runIn(top, process.env, [
    ...['npm', 'pack', '--silent', '--pack-destination', destination],
  ]);
  const tarball = stdout.trim().split('\n').pop() ?? '';
  if (code !== 0 || !tarball.endsWith('.tgz')) throw new Error(`npm pack failed: ${stdout}${stderr}`);
  return path.join(destination, tarball);
}
