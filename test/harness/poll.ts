import { setTimeout as delay } from 'node:timers/promises';

export interface PollOptions {
  readonly timeoutMs?: number;
  readonly everyMs?: number;
  /** What is waited for, for the message when it does not come. */
  readonly what?: string;
}

/**
 * Waits until a check returns something truthy, and returns that. A check that throws has not passed yet; its last
 * error is the cause of the one that is thrown when the time is over.
 */
export async function poll<Value>(
  check: () => Value | Promise<Value>,
  { timeoutMs = 5_000, everyMs = 10, what = 'the condition' }: PollOptions = {},
): Promise<Truthy<Value>> {
  const deadline = performance.now() + timeoutMs;
  let cause: unknown;
  do {
    try {
      const value = await check();
      if (value) return value as Truthy<Value>;
      cause = undefined;
    } catch (error) {
      cause = error;
    }
    await delay(everyMs);
  } while (performance.now() < deadline);
  throw new Error(`${what} did not come about within ${timeoutMs} ms`, { cause });
}

type Truthy<Value> = Exclude<Value, false | null | undefined | 0 | ''>;
