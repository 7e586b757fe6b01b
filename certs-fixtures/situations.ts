import type { Situation } from './situation.ts';
import { anchors } from './situations/anchors.ts';
import { chains } from './situations/chains.ts';
import { cas } from './situations/cas.ts';
import { dates } from './situations/dates.ts';
import { good } from './situations/good.ts';
import { handshakes } from './situations/handshakes.ts';
import { identifiers } from './situations/identifiers.ts';
import { leaves } from './situations/leaves.ts';
import { names } from './situations/names.ts';
import { presented } from './situations/presented.ts';
import { signatures } from './situations/signatures.ts';

/** Situations of one kind. */
export interface Chapter {
  readonly title: string;
  readonly situations: readonly Situation[];
}

/** The catalogue: all that a server can do to its clients, good and bad. */
export const chapters: readonly Chapter[] = [
  { title: 'Nothing wrong', situations: good },
  { title: 'Anchors', situations: anchors },
  { title: 'What is presented', situations: presented },
  { title: 'Key identifiers', situations: identifiers },
  { title: 'The form of CAs', situations: cas },
  { title: 'The form of leaves', situations: leaves },
  { title: 'Chains', situations: chains },
  { title: 'Signatures and keys', situations: signatures },
  { title: 'Dates', situations: dates },
  { title: 'Names', situations: names },
  { title: 'Handshakes', situations: handshakes },
];

export const catalogue: readonly Situation[] = chapters.flatMap(({ situations }) => situations);
