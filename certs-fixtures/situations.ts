import type { Situation } from './situation.ts';
import { anchors } from './situations/anchors.ts';
import { chains } from './situations/chains.ts';
import { constraints } from './situations/constraints.ts';
import { dates } from './situations/dates.ts';
import { good } from './situations/good.ts';
import { handshakes } from './situations/handshakes.ts';
import { identifiers } from './situations/identifiers.ts';
import { names } from './situations/names.ts';

/** Situations of one kind. */
export interface Chapter {
  readonly title: string;
  readonly situations: readonly Situation[];
}

/** The catalogue: all that a server can do to its clients, good and bad. */
export const chapters: readonly Chapter[] = [
  { title: 'Nothing wrong', situations: good },
  { title: 'Anchors and what is presented', situations: anchors },
  { title: 'Key identifiers', situations: identifiers },
  { title: 'Constraints and form', situations: constraints },
  { title: 'Chains', situations: chains },
  { title: 'Dates', situations: dates },
  { title: 'Names', situations: names },
  { title: 'Handshakes', situations: handshakes },
];

export const catalogue: readonly Situation[] = chapters.flatMap(({ situations }) => situations);
