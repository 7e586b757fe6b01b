import { poll } from '../../harness/poll.ts';
import type { LogLine, Sidecar } from '../../harness/sidecar.ts';

/** The lines of the request log until now. */
export function requestLines({ logs }: Sidecar): LogLine[] {
  return logs.filter(({ msg }) => msg === 'request' || msg === 'request failed');
}

/** The lines of the request log, once there are so many: they come when a request is over, which may be after its answer. */
export async function untilLogged(sidecar: Sidecar, count: number): Promise<LogLine[]> {
  await poll(() => requestLines(sidecar).length >= count, { what: `${count} lines of the request log` });
  return requestLines(sidecar);
}

/** The last of so many lines. */
export async function lineNumber(sidecar: Sidecar, count: number): Promise<LogLine> {
  const line = (await untilLogged(sidecar, count))[count - 1];
  if (line === undefined) throw new Error('no such line');
  return line;
}
