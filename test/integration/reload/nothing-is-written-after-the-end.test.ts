import { existsSync, rmSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { configText } from '../../harness/config-text.ts';
import { startInProcess } from '../../harness/start-in-process.ts';

it('a sidecar that was closed amid a reload has written its last file', async () => {
  for (let round = 0; round < 10; round++) {
    const sidecar = await startInProcess({ config: configText({}) });
    const published = path.dirname(sidecar.caBundle);
    // It is to be written anew at the next load.
    rmSync(published, { recursive: true });
    void sidecar.reload().catch(() => undefined);
    // At another moment of the reload each time.
    await sleep(round * 2);
    await sidecar.close();
    rmSync(published, { recursive: true, force: true });
    await sleep(60);
    expect(existsSync(published), `round ${round}`).toBe(false);
  }
});
