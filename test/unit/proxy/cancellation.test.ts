import { expect, it } from 'vitest';
import { Failure } from '../../../src/failure.ts';
import { Cancellation } from '../../../src/proxy/cancellation.ts';

const left = new Failure('downstream_aborted', 'response');
const draining = new Failure('draining', 'response');

/** A cancellation, and what its listener heard. */
function heardFrom(cancellation: Cancellation): Failure[] {
  const heard: Failure[] = [];
  cancellation.listen((failure) => heard.push(failure));
  return heard;
}

it('tells why it ends to all who ask: the listener, the signal, and who looks later', () => {
  const cancellation = new Cancellation();
  const heard = heardFrom(cancellation);
  const { signal } = cancellation;
  expect([cancellation.failure, signal.aborted]).toEqual([undefined, false]);
  cancellation.cancel(left);
  expect(heard).toEqual([left]);
  expect([signal.aborted, signal.reason]).toEqual([true, left]);
  expect(cancellation.failure).toBe(left);
});

it('ends once: the first reason counts, and is told once', () => {
  const cancellation = new Cancellation();
  const heard = heardFrom(cancellation);
  let aborts = 0;
  cancellation.signal.addEventListener('abort', () => aborts++);
  cancellation.cancel(left);
  cancellation.cancel(draining);
  expect(heard).toEqual([left]);
  expect(aborts).toBe(1);
  expect(cancellation.failure).toBe(left);
  expect(cancellation.signal.reason).toBe(left);
});

it('is one signal, however often it is asked for, and one that comes too late has ended already', () => {
  const cancellation = new Cancellation();
  expect(cancellation.signal).toBe(cancellation.signal);
  const late = new Cancellation();
  late.cancel(draining);
  expect([late.signal.aborted, late.signal.reason]).toEqual([true, draining]);
});

it('tells the present listener only, and nobody where there is none any more', () => {
  const replaced = new Cancellation();
  const before = heardFrom(replaced);
  const now = heardFrom(replaced);
  replaced.cancel(left);
  expect([before, now]).toEqual([[], [left]]);
  const removed = new Cancellation();
  const never = heardFrom(removed);
  removed.listen(undefined);
  removed.cancel(left);
  expect(never).toEqual([]);
});

it('has ended for who listens too late: it is for him to look first', () => {
  const cancellation = new Cancellation();
  cancellation.cancel(left);
  expect(heardFrom(cancellation)).toEqual([]);
  expect(cancellation.failure).toBe(left);
});
