import { createHash } from 'node:crypto';
import type { Located } from './located.ts';
import { toPlain } from './located.ts';

/**
 * What an entry is as a whole, LiteLLM's keys included: an entry that changed in any way must not live on by the last
 * good bytes of a file. A digest, for those keys hold secrets.
 *
 * @param written the entry as it stands in the file
 * @param read what was made of it, inheritance and environment applied
 */
export function identityOf(written: Located, read: object): string {
  const text = JSON.stringify([toPlain(written), read]);
  return createHash('sha256').update(text).digest('hex');
}
