import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

/** `npm run test:litellm`: apart from `npm test`, because it installs LiteLLM first. */
export default defineConfig({
  test: {
    root: fileURLToPath(new URL('../..', import.meta.url)),
    include: ['test/litellm/**/*.test.ts'],
    globalSetup: ['test/litellm/install-litellm.ts'],
    testTimeout: 60_000,
    // LiteLLM takes ten seconds of processor time to start.
    hookTimeout: 120_000,
    maxWorkers: 2,
  },
});
