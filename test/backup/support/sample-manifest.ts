import type { Manifest } from '../../../src/backup/manifest.js';

const SHA = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

/** A manifest that is in order. */
export function sampleManifest(change: Partial<Manifest> = {}): Manifest {
  return {
    format: 'tidemark-backup',
    version: 1,
    id: '20261120T143000123Z-4fz9ka',
    database: 'app',
    createdAt: '2026-11-20T14:30:00.123Z',
    startedAt: '2026-11-20T14:30:00.000Z',
    finishedAt: '2026-11-20T14:30:02.000Z',
    tool: { name: 'tidemark', version: '0.1.0', node: '20.20.0' },
    engine: {
      kind: 'sqlite',
      version: '3.53.2',
      writer: 'online backup',
      systemId: null,
      encoding: 'UTF-8',
      collate: null,
      ctype: null,
      settings: { page_size: '4096' },
    },
    trigger: { kind: 'manual', migration: null },
    migrations: { heads: ['2'], applied: [{ revision: '1', checksum: 'x' }] },
    capture: { method: 'online backup', compression: 'none', jobs: 1, excludedData: [] },
    parts: [
      { name: 'database.sqlite', role: 'database', bytes: 0, sha256: SHA, plainBytes: 0, plainSha256: SHA },
    ],
    tables: [{ schema: '', name: 'users', rows: 3 }],
    totals: { bytes: 0, tables: 1, rows: 3 },
    globals: null,
    encryption: null,
    tags: ['release-12'],
    pinned: false,
    ...change,
  };
}
