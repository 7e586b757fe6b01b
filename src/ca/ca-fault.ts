/** What is wrong with the local CA or its files. */
export interface CaFault {
  readonly severity: 'error' | 'warning';
  /** What is wrong, with the path; follows `ca: `. Never the content of a file. */
  readonly message: string;
  readonly hint: string;
}
