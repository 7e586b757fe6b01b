#!/usr/bin/env node
// libuv reads this when its pool is first used: name resolution must not starve the reading of files.
process.env['UV_THREADPOOL_SIZE'] ??= '16';

import { parseArguments, type Command } from './cli/parse-arguments.ts';
import { exitCodes, helpText, renderError, UsageError } from './cli/usage.ts';
import { version } from './version.ts';

/** Each command is loaded when it is asked for: a start pays for nothing that it does not use. */
async function run(command: Command): Promise<number> {
  switch (command.name) {
    case 'help':
      return print(helpText, exitCodes.good);
    case 'version':
      return print(`${version}\n`, exitCodes.good);
    case 'check': {
      const { check } = await import('./cli/check.ts');
      const { stdout, code } = await check(command, process.env);
      return print(stdout, code);
    }
    case 'doctor': {
      const { doctor } = await import('./cli/doctor.ts');
      const { stdout, stderr, code } = await doctor(command, process.env, process.stdout.isTTY);
      process.stderr.write(stderr);
      return print(stdout, code);
    }
    case 'health': {
      const { health } = await import('./cli/health.ts');
      const fault = await health(command.config, process.env);
      return fault === undefined ? print('ready\n', exitCodes.good) : complain(fault);
    }
    case 'serve': {
      const { serve } = await import('./cli/serve.ts');
      const fault = await serve(command, process.env);
      return fault === undefined ? exitCodes.good : complain(fault);
    }
  }
}

function print(text: string, code: number): number {
  process.stdout.write(text);
  return code;
}

function complain(message: string): number {
  process.stderr.write(renderError(message));
  return exitCodes.problem;
}

async function main(): Promise<number> {
  try {
    return await run(parseArguments(process.argv.slice(2)));
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    process.stderr.write(renderError(error.message, error.hint));
    return exitCodes.usage;
  }
}

process.exitCode = await main();
// What is still open (a second signal came, say) must not keep the process.
process.exit();
