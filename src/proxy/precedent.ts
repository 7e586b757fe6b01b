import type { HeadForm } from '../upstream/head-form.ts';
import type { Route } from './route.ts';

/**
 * What was found of a request that was relayed. As long as the configuration is the same it holds for those of the same
 * form that follow it on its connection: all of it comes from what the form has in common.
 */
export interface Precedent {
  readonly form: HeadForm;
  /** That of the snapshot that it was judged by. */
  readonly generation: number;
  readonly route: Exclude<Route, { kind: 'not_found' }>;
  /** Whether its connection ended at the upstream proxy, for which requests are written otherwise. */
  readonly isForwarded: boolean;
  /** What was written to the server. */
  readonly head: HeadForm;
}
