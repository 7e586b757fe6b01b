import type { Situation } from '../../../certs-fixtures/situation.ts';
import type { SituationFiles } from '../../../certs-fixtures/write-situation.ts';

/** A situation with its server running. */
export interface Subject {
  readonly situation: Situation;
  /** On 127.0.0.1. */
  readonly port: number;
  readonly files: SituationFiles;
}

/** What a client made of it. */
export interface Said {
  readonly accepts: boolean;
  /** Its own words, or the reason. */
  readonly words: string;
}

/** By the id of the situation; one that a client cannot be asked about is missing. */
export type Verdicts = ReadonlyMap<string, Said>;

/** What is asked about a situation: one column of the table. */
export interface Client {
  /** By which the page tells whether it was measured with the same one; the sidecar has none, for it
   * is measured always. */
  readonly version: string | undefined;
  readonly judge: (subjects: readonly Subject[]) => Promise<Verdicts>;
}

/** Longer than any handshake takes on a busy machine; what stalls costs as much. */
export const patienceSeconds = 3;

/** What JSON on the standard input of a client says of the subjects. */
export function describeSubjects(subjects: readonly Subject[]): string {
  return JSON.stringify(
    subjects.map(({ situation, port, files }) => ({
      id: situation.id,
      host: situation.setUp().host,
      port,
      bundle: files.bundle,
      certificate: files.client?.certificate ?? '',
      key: files.client?.key ?? '',
    })),
  );
}

/** Asks about each, few at a time: there are two cores, and the servers want to run too. */
export async function askEach(
  subjects: readonly Subject[],
  ask: (subject: Subject) => Promise<Said | undefined>,
): Promise<Verdicts> {
  const verdicts = new Map<string, Said>();
  const left = subjects.values();
  const work = async () => {
    for (const subject of left) {
      const said = await ask(subject);
      if (said !== undefined) verdicts.set(subject.situation.id, said);
    }
  };
  await Promise.all([work(), work()]);
  return verdicts;
}
