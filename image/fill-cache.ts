import { execFileSync } from 'node:child_process';
import { chmodSync, globSync } from 'node:fs';

/**
 * Runs in the build of the image: leaves V8's code of the program in a cache, which any user of the image may read.
 *
 * `--predictable` makes it the same in every build; it is not among the options that V8 wants to be the same when a
 * cache is used.
 */
const [main = '', cache = ''] = process.argv.slice(2);
execFileSync(process.execPath, ['--predictable', main, '--version'], {
  env: { NODE_COMPILE_CACHE: cache },
  timeout: 60_000,
});
const files = globSync(`${cache}/*/*`);
if (files.length < 2) throw new Error(`no code was left in ${cache}`);
for (const file of files) chmodSync(file, 0o644);
