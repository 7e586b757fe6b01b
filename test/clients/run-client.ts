import { dirname } from 'node:path';
import { temporaryDirectory } from '../harness/temporary-directory.ts';
import { execute, type Ran } from '../integration/clients/proxied-clients.ts';
import type { Client, Errand } from './client.ts';

/** Runs a client to its end, in a home of its own: some keep what they learnt of a server there. */
export function runClient(
  client: Client,
  errand: Errand,
  env: Readonly<Record<string, string>>,
): Promise<Ran> {
  const [file = '', ...args] = client.command(errand);
  // The Inspector and mcp-remote start a `node` themselves.
  const PATH = `${dirname(process.execPath)}:${process.env['PATH'] ?? ''}`;
  return execute(file, args, { PATH, HOME: temporaryDirectory(), ...env });
}
