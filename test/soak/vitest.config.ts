import { defineConfig } from 'vitest/config';

/** The soak alone, one engine after the other: `npm run test:soak`. */
export default defineConfig({
  test: {
    include: ['test/soak/*.soak.ts'],
    globalSetup: 'test/support/global-setup.ts',
    pool: 'forks',
    maxWorkers: 1,
  },
});
