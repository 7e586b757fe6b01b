import { styleText } from 'node:util';

/** One thing that was tried, and how it went. */
export interface Observation {
  /** Whether it worked: a call that is refused did not, also where the demo is about the refusal. */
  readonly worked: boolean;
  readonly what: string;
  readonly details?: readonly string[];
  /** What the demo says would happen, for when it did not. */
  readonly claim: string;
  readonly asClaimed: boolean;
}

/** What all reports of a run count together. */
interface Tally {
  steps: number;
  observations: number;
  readonly differences: string[];
}

const maxColumns = 100;
const minColumns = 60;
const indent = '  ';

/** Prints what was observed, and keeps count of what was not as claimed. `styleText` minds TTY and NO_COLOR. */
export class Report {
  readonly #stream: NodeJS.WriteStream;
  readonly #tally: Tally;
  #isMute = false;

  constructor(stream: NodeJS.WriteStream, tally: Tally = { steps: 0, observations: 0, differences: [] }) {
    this.#stream = stream;
    this.#tally = tally;
  }

  get differences(): readonly string[] {
    return this.#tally.differences;
  }

  get observations(): number {
    return this.#tally.observations;
  }

  /** Goes on in a new report and mutes this one: what is left of an interrupted run is nobody's concern. */
  takeOver(): Report {
    this.#isMute = true;
    return new Report(this.#stream, this.#tally);
  }

  title(text: string): void {
    for (const line of text.split('\n')) this.#print(styleText('bold', line));
  }

  step(heading: string): void {
    this.#print(styleText('bold', `\n${++this.#tally.steps}. ${heading}`));
  }

  observe({ worked, what, details = [], claim, asClaimed }: Observation): void {
    this.#tally.observations++;
    const mark = worked ? styleText('green', '✓') : styleText('red', '✗');
    const [first = '', ...more] = this.#wrap(what);
    this.#print(`${mark} ${first}`);
    for (const line of more) this.#print(indent + line);
    this.note(...details);
    if (!asClaimed) this.differs(claim);
  }

  /** Further lines of what was observed. */
  note(...lines: string[]): void {
    for (const line of lines)
      for (const part of this.#wrap(line)) this.#print(styleText('dim', indent + part));
  }

  /** Text that is shown as it is: a file, metrics. */
  verbatim(text: string): void {
    for (const line of text.trimEnd().split('\n')) this.#print(styleText('dim', indent + line));
  }

  /** A command that can be copied: nothing stands before it but blanks. */
  command(text: string): void {
    for (const line of text.split('\n')) this.#print(styleText('cyan', indent + line));
  }

  /** Something was not as the demo claims. */
  differs(claim: string): void {
    if (this.#isMute) return;
    this.#tally.differences.push(claim);
    for (const line of this.#wrap(`not as claimed: ${claim}`))
      this.#print(indent + styleText(['red', 'bold'], line));
  }

  /** Breaks at blanks; an object of JSON before its keys. */
  #wrap(text: string): string[] {
    const columns = Math.min(Math.max(this.#stream.columns || maxColumns, minColumns), maxColumns);
    const lines = [''];
    const joints = text.startsWith('{') ? /(?<=,)(?=")/ : /(?<=\s)(?=\S)/;
    for (const piece of text.split(joints)) {
      const line = (lines.at(-1) ?? '') + piece;
      if (line === piece || indent.length + line.trimEnd().length <= columns) lines[lines.length - 1] = line;
      else lines.push(piece);
    }
    return lines.map((line) => line.trimEnd());
  }

  #print(line: string): void {
    if (!this.#isMute) this.#stream.write(`${line}\n`);
  }
}
