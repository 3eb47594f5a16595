import { readFileSync } from 'node:fs';

/** The version of this package, as the history remembers it. */
export const TOOL_VERSION: string = readVersion();

function readVersion(): string {
  // src/migrations and dist/migrations lie equally deep; a bundle may lie anywhere.
  for (const up of ['../../package.json', '../package.json', './package.json']) {
    try {
      const parsed = JSON.parse(readFileSync(new URL(up, import.meta.url), 'utf8')) as {
        name?: string;
        version?: string;
      };
      if (parsed.name === 'tidemark' && parsed.version !== undefined) return parsed.version;
    } catch {
      // Not there: look further.
    }
  }
  return 'unknown';
}
