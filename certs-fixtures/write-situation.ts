import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Situation } from './situation.ts';

/** The paths of a situation that was written out. What presents no certificate has a bundle and nothing else. */
export interface SituationFiles {
  /** What the client believes. */
  readonly bundle: string;
  /** The leaf alone. */
  readonly leaf: string | undefined;
  /** What is presented, the leaf first. */
  readonly chain: string | undefined;
  /** The certificate that the client shows, and its key. */
  readonly client: { readonly certificate: string; readonly key: string } | undefined;
}

/** Writes keys and certificates into a folder of the situation's own. */
export function writeSituation(parent: string, situation: Situation): SituationFiles {
  const directory = join(parent, situation.id);
  mkdirSync(directory, { recursive: true });
  const write = (name: string, text: string) => {
    const path = join(directory, name);
    writeFileSync(path, text, { mode: 0o600 });
    return path;
  };
  const { bundle, server, client } = situation.setUp();
  const presented = typeof server === 'string' ? undefined : server.leaf;
  if (presented !== undefined) write('server.key', presented.key);
  return {
    bundle: write('bundle.pem', bundle),
    leaf: presented && write('server.pem', presented.certificate),
    chain: presented && write('server-chain.pem', presented.chain),
    client: client && {
      certificate: write('client.pem', client.chain),
      key: write('client.key', client.key),
    },
  };
}
