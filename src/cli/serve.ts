import { start, StartError, type Sidecar } from '../app.ts';
import type { ListenAddress } from '../config/config.ts';
import { locateConfig } from './locate-config.ts';
import { releaseStartMemory } from './release-start-memory.ts';

/** When what follows a start, the first look at the files say, is over. */
const settledMs = 1_000;

/** `serve`: runs until a signal. @returns undefined after a good end, else why it could not start */
export async function serve(
  command: {
    config: string | undefined;
    listen: ListenAddress | undefined;
    admin: ListenAddress | undefined;
  },
  env: NodeJS.ProcessEnv,
): Promise<string | undefined> {
  const { listen, admin } = command;
  let sidecar: Sidecar | undefined;
  // From the first moment on: without a handler SIGHUP ends the process, and the kernel hides SIGTERM from process 1 of
  // a container. While it starts there is nothing to reload and nothing to drain.
  const first = firstSignal();
  process.on('SIGHUP', () => void sidecar?.reload('signal'));
  try {
    const starting = start({ file: locateConfig(command.config, env), env, overrides: { listen, admin } });
    sidecar = await Promise.race([starting, first]);
  } catch (error) {
    if (error instanceof StartError) return error.message;
    throw error;
  }
  if (sidecar === undefined) return undefined;
  // What one client or upstream set off must not end the others; the policy in force is immutable and stays right.
  const running = sidecar;
  for (const event of ['uncaughtException', 'unhandledRejection'] as const)
    process.on(event, (error) => running.reportBug(error));
  setTimeout(releaseStartMemory, settledMs).unref();
  await first;
  const second = firstSignal();
  await Promise.race([running.drain(), second]);
  return undefined;
}

function firstSignal(): Promise<undefined> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve(undefined));
  });
}
