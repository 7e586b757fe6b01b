import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

/** `npm run test:image`: apart from `npm test`, because it builds the image first, which needs root. */
export default defineConfig({
  test: {
    root: fileURLToPath(new URL('../..', import.meta.url)),
    include: ['test/image/**/*.test.ts'],
    globalSetup: ['test/image/build-image.ts'],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    // Times to start are compared: tests beside them would be in the comparison.
    maxWorkers: 1,
  },
});
