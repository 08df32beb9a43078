import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    environment: 'node',
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/global-setup.ts'],
    // Training, synthesis and RTL compilation run inside tests.
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
});
