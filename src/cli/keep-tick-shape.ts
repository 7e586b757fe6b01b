import { executionAsyncResource } from 'node:async_hooks';

const kept: object[] = [];

/**
 * Keeps one tick of `process.nextTick` for ever. V8 gives up optimising how ticks are made once a collection of old
 * objects finds none of their shape, and two are made for each request: it would cost 5 % of its CPU time.
 */
export function keepTickShape(): void {
  process.nextTick(() => kept.push(executionAsyncResource()));
}
