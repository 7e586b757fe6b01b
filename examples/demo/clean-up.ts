import type { Report } from './report.ts';

type Undo = (report: Report) => unknown;

/** What must be undone when the demo ends, last things first, whatever ends it. */
export class CleanUp {
  readonly #undo: Undo[] = [];
  #report: Report | undefined;

  /**
   * Registers what undoes something that has just been done.
   *
   * @throws if the clean-up has begun; the thing is undone then all the same
   */
  add(undo: Undo): void {
    if (this.#report === undefined) {
      this.#undo.push(undo);
      return;
    }
    void undo(this.#report);
    throw new Error('the demo is ending');
  }

  /** @param report where what is undone is told */
  async run(report: Report): Promise<void> {
    this.#report = report;
    for (let undo = this.#undo.pop(); undo !== undefined; undo = this.#undo.pop()) await undo(report);
  }
}
