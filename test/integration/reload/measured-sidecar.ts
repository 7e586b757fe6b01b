/**
 * A sidecar in a process of its own that tells what it costs: run with `fork`, `--expose-gc`, and the YAML file and a
 * folder as arguments. Answers the messages `begin` and `tell`.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { start } from '../../../src/app.ts';

/** What it tells once it is ready. */
export interface Ready {
  readonly proxy: string;
  readonly startMs: number;
}

/** What it tells of the time since it was told to begin. */
export interface Costs {
  /** The longest that the event loop was late. */
  readonly stallMs: number;
  /** What is alive, garbage collected. */
  readonly heapBytes: number;
}

const [, , file = '', folder = ''] = process.argv;
const ephemeral = { host: '127.0.0.1', port: 0 };
const sidecar = await start({
  file,
  workingDirectory: folder,
  overrides: { listen: ephemeral, admin: ephemeral },
  env: { HOME: folder, XDG_STATE_HOME: `${folder}/state` },
  logDestination: { write: () => undefined },
});
const delays = monitorEventLoopDelay({ resolution: 1 });

process.on('message', (message) => {
  if (message === 'begin') {
    delays.enable();
    delays.reset();
    process.send?.('begun');
  } else void tell();
});

async function tell(): Promise<void> {
  delays.disable();
  const stallMs = delays.max / 1e6;
  // What a reload leaves to timers and turns of the event loop is not gone at once.
  for (let round = 0; round < 4; round++) {
    globalThis.gc?.();
    await delay(50);
  }
  process.send?.({ stallMs, heapBytes: process.memoryUsage().heapUsed } satisfies Costs);
}

process.once('disconnect', () => process.exit());
process.send?.({ proxy: sidecar.proxy, startMs: performance.now() } satisfies Ready);
