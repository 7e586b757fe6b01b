import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // They have a set-up of minutes, and scripts of their own: npm run test:clients, and so on.
    exclude: ['test/clients/**', 'test/image/**', 'test/litellm/**'],
    testTimeout: 20_000,
    hookTimeout: 60_000,
    // Real sockets and child processes on two cores: more workers only make each other late.
    maxWorkers: 2,
  },
});
