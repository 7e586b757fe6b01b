import { Failure } from '../failure.ts';
import type { ProxyListener } from './listener.ts';

/** Nothing may have been open for this long before the sidecar goes. */
const quietMs = 1_000;
const tickMs = 50;
/** For replies to leave, once everything has been told to end. */
const lastWordsMs = 500;

/**
 * Serves on until nothing has been open for a second or the time is over, then closes: the gateway beside us gets
 * its SIGTERM together with us and finishes its work through us.
 */
export async function drain(listener: ProxyListener, timeoutMs: number): Promise<void> {
  const endMs = performance.now() + timeoutMs;
  let quietSinceMs = performance.now();
  while (performance.now() < endMs && performance.now() - quietSinceMs < quietMs) {
    await new Promise((resolve) => setTimeout(resolve, tickMs));
    if (listener.isBusy()) quietSinceMs = performance.now();
  }
  const closed = listener.close();
  if (listener.isBusy()) {
    for (const visit of listener.visits) visit.end(new Failure('draining', 'response'));
    await Promise.race([closed, new Promise((resolve) => setTimeout(resolve, lastWordsMs))]);
  }
  listener.destroy();
  await closed;
  // A relay is over, and recorded, when both of its ends are closed.
  const patienceMs = performance.now() + lastWordsMs;
  while (listener.visits.size > 0 && performance.now() < patienceMs)
    await new Promise((resolve) => setTimeout(resolve, 1));
}
