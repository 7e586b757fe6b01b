import { onTestFinished } from 'vitest';

const atExit: (() => unknown)[] = [];

/**
 * Registers what must be undone after the test that runs now, whether it passes or fails. In `beforeAll`, where
 * vitest knows no test, it is undone when the worker exits; synchronously, so close such things in `afterAll`.
 */
export function cleanUp(undo: () => unknown): void {
  try {
    onTestFinished(async () => {
      await undo();
    });
  } catch {
    if (atExit.length === 0) process.once('exit', () => atExit.reverse().forEach((entry) => entry()));
    atExit.push(undo);
  }
}
