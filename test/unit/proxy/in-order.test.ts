import { PassThrough } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { InOrder } from '../../../src/proxy/in-order.ts';

describe('the jobs of one connection', () => {
  it('run one after the other, those of two connections side by side', async () => {
    const one = new InOrder(new PassThrough(), () => {});
    const other = new InOrder(new PassThrough(), () => {});
    const done: string[] = [];
    const first = Promise.withResolvers<boolean>();
    one.run(() => first.promise.finally(() => done.push('first')));
    one.run(() => Promise.resolve(done.push('second') > 0));
    other.run(() => Promise.resolve(done.push('other') > 0));
    await nextTurn();
    expect(done).toEqual(['other']);
    first.resolve(true);
    await nextTurn();
    // Not in the same turn: what came behind the response before must be seen first.
    expect(done).toEqual(['other', 'first']);
    await nextTurn();
    expect(done).toEqual(['other', 'first', 'second']);
  });

  it('a bug in one ends its connection, runs none after it, and is told', async () => {
    const bugs: unknown[] = [];
    const socket = new PassThrough();
    const order = new InOrder(socket, (error) => bugs.push(error));
    const ran: string[] = [];
    order.run(() => Promise.reject(new Error('a bug')));
    order.run(() => Promise.resolve(ran.push('second') > 0));
    await nextTurn();
    order.run(() => Promise.resolve(ran.push('third') > 0));
    await nextTurn();
    expect([bugs, ran, socket.destroyed]).toEqual([[new Error('a bug')], [], true]);
  });
});
