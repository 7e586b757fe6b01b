import type { Position, ServerEntry, Settings } from './config.ts';
import { namesVariable } from './environment.ts';
import { movePosition } from './move.ts';
import type { Reading } from './read-mapping.ts';
import type { InheritedTrust } from './read-settings.ts';
import type { ReadPart, ServerPart } from './server-part.ts';

/** Takes entries over from the last file where everything that they were read by is the same. */
export class PartReader {
  readonly #inherited: InheritedTrust | undefined;
  readonly #reading: Reading;
  /** What an entry is read by besides its text; no time, for see {@link isTimeless}. */
  readonly #context: string;

  constructor(inherited: InheritedTrust | undefined, settings: Settings, reading: Reading) {
    this.#inherited = inherited;
    this.#reading = reading;
    const { listen, admin } = settings;
    this.#context = JSON.stringify([reading.folder, listen, admin, inherited?.sslVerify ?? null]);
  }

  /** @param read reads it anew */
  read(part: ServerPart, read: () => ServerEntry | undefined): ServerEntry | undefined {
    if (part.read?.context === this.#context) return this.#takeOver(part, part.read);
    const { report } = this.#reading;
    const { found } = report;
    const entry = read();
    const context = this.#context;
    // What there was to say would have to be said again.
    part.read =
      entry !== undefined && report.found === found && isTimeless(entry, part)
        ? { context, line: part.line, inheritedFrom: this.#inherited?.position, entry }
        : undefined;
    return entry;
  }

  #takeOver(part: ServerPart, { entry, line, inheritedFrom }: ReadPart): ServerEntry {
    const by = part.line - line;
    const position = this.#inherited?.position;
    const isInherited = entry.trustPosition === inheritedFrom;
    const trustPosition =
      isInherited && position !== undefined ? position : movePosition(entry.trustPosition, by);
    if (by === 0 && isSame(trustPosition, entry.trustPosition)) return entry;
    const moved = Object.entries(entry.tlsPositions ?? {}).map(
      ([key, own]) => [key, movePosition(own, by)] as const,
    );
    return { ...entry, trustPosition, tlsPositions: Object.fromEntries(moved) };
  }
}

/** Whether it reads the same whenever it is read: not where there are dates, nor where the environment has a say. */
function isTimeless({ sslVerify }: ServerEntry, { pair }: ServerPart): boolean {
  return sslVerify.kind !== 'off' && !namesVariable(pair.value);
}

function isSame(a: Position, b: Position): boolean {
  return a.line === b.line && a.column === b.column;
}
