import { parseArgs } from 'node:util';
import type { ListenAddress } from '../config/config.ts';
import { Fault } from '../config/fault.ts';
import { parseListenAddress } from '../config/listen-address.ts';
import type { DoctorCommand } from './doctor.ts';
import { UsageError } from './usage.ts';

/** A command line that makes sense. */
export type Command =
  | { readonly name: 'help' | 'version' }
  | {
      readonly name: 'serve';
      readonly config: string | undefined;
      readonly listen: ListenAddress | undefined;
      readonly admin: ListenAddress | undefined;
    }
  | ({ readonly name: 'doctor' } & DoctorCommand)
  | { readonly name: 'check'; readonly config: string | undefined; readonly json: boolean }
  | { readonly name: 'health'; readonly config: string | undefined };

const options = {
  config: { type: 'string' },
  listen: { type: 'string' },
  admin: { type: 'string' },
  json: { type: 'boolean' },
  mcp: { type: 'boolean' },
  'save-chain': { type: 'string' },
  help: { type: 'boolean', short: 'h' },
  version: { type: 'boolean' },
} as const;

/** Which options go with which command. */
const allowed: Readonly<Record<string, readonly string[]>> = {
  serve: ['config', 'listen', 'admin'],
  check: ['config', 'json'],
  doctor: ['config', 'mcp', 'json', 'save-chain'],
  health: ['config'],
};

/** @throws UsageError */
export function parseArguments(argv: readonly string[]): Command {
  const { values, positionals } = parse(argv);
  if (values.help === true) return { name: 'help' };
  if (values.version === true) return { name: 'version' };
  const [name = 'serve', ...rest] = positionals;
  const known = allowed[name];
  if (known === undefined) throw new UsageError(`there is no command "${name}"`);
  if (rest.length > 0 && name !== 'doctor')
    throw new UsageError(`"${rest.join(' ')}" is one argument too many`);
  for (const option of Object.keys(values))
    if (!known.includes(option)) throw new UsageError(`--${option} does not go with ${name}`);
  if (values.config === '') throw new UsageError('--config is empty');
  const { config } = values;
  if (name === 'doctor') {
    if (rest.includes('')) throw new UsageError('a target is empty');
    if (values['save-chain'] === '') throw new UsageError('--save-chain is empty');
    const { mcp = false, json = false, 'save-chain': saveChain } = values;
    return { name, targets: rest, config, mcp, json, saveChain };
  }
  if (name === 'check') return { name, config, json: values.json === true };
  if (name === 'health') return { name, config };
  return {
    name: 'serve',
    config,
    listen: address('listen', values.listen),
    admin: address('admin', values.admin),
  };
}

function parse(argv: readonly string[]) {
  try {
    return parseArgs({ args: [...argv], options, allowPositionals: true });
  } catch (error) {
    // Its first sentence says what is wrong; the rest speaks of escaping.
    throw new UsageError((error as Error).message.split(/[.\n]/)[0]?.toLowerCase() ?? 'wrong arguments');
  }
}

function address(option: string, text: string | undefined): ListenAddress | undefined {
  if (text === undefined) return undefined;
  const parsed = parseListenAddress(text);
  if (!(parsed instanceof Fault)) return parsed;
  const port = /^:?(\d{1,5})$/.exec(text)?.[1];
  const hint = port === undefined ? parsed.hint : `write --${option} 127.0.0.1:${port}`;
  throw new UsageError(`--${option} ${text} ${parsed.message}`, hint);
}
