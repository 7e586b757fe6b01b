import type { Position } from './config.ts';

/** What is wrong with something in the file, and the remedy; where it stands is known to whoever asked. */
export class Fault {
  /** Continues a sentence that begins with the key: `is no duration`. */
  readonly message: string;
  readonly hint: string;

  constructor(message: string, hint: string) {
    this.message = message;
    this.hint = hint;
  }
}

/** Called with each fault; reading goes on. */
export type OnFault = (fault: Fault, position: Position) => void;
