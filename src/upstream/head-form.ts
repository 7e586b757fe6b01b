import { readDigits } from './field-lines.ts';

/** A head has one at most: no parser takes another. */
const contentLength = /(?:^|\n)content-length:[ \t]*(?=\d)/i;

/**
 * What heads have in common that differ in the number of their Content-Length alone. Those of a connection are mostly of
 * one form, and what was found of the first holds for the others.
 */
export class HeadForm {
  readonly #head: string;
  readonly #length: string;
  /** What stands before the number and behind it, once a head with another number has come. */
  #around: readonly [before: string, behind: string] | undefined;
  /** Whether another head of it has come: only then is it worth while to remember what was found of it. */
  recurs = false;

  /**
   * @param head lines that a strict parser took, or that are our own
   * @param length the number of their Content-Length as it stands there; empty where they have none
   */
  constructor(head: string, length: string) {
    this.#head = head;
    this.#length = length;
  }

  /** The number of a head of this form, as it stands there; undefined for a head of another. */
  lengthOf(head: string): string | undefined {
    if (head === this.#head) return this.#length;
    if (this.#length === '') return undefined;
    const [before, behind] = this.#split();
    const end = head.length - behind.length;
    // Not startsWith() and endsWith(), which go letter by letter.
    if (end <= before.length || head.slice(0, before.length) !== before || head.slice(end) !== behind)
      return undefined;
    const length = head.slice(before.length, end);
    return readDigits(length) === undefined ? undefined : length;
  }

  /** The head of this form with another number. */
  withLength(length: string): string {
    if (length === this.#length) return this.#head;
    const [before, behind] = this.#split();
    return before + length + behind;
  }

  #split(): readonly [before: string, behind: string] {
    if (this.#around === undefined) {
      const found = contentLength.exec(this.#head);
      if (found === null) throw new TypeError('a head without the Content-Length that it is said to have');
      const at = found.index + found[0].length;
      this.#around = [this.#head.slice(0, at), this.#head.slice(at + this.#length.length)];
    }
    return this.#around;
  }
}
