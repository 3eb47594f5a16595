import type { PGlite } from '@electric-sql/pglite';
import { readEntry, removeEntry, writeEntry } from './cache-folder.js';
import { buildTemplate, startEngine } from './embedded-engine.js';
import { packageVersion } from './embedded-extensions.js';
import { readTar } from './tar.js';

/** Raised when the way a template is made changes. */
const FORMAT = 1;

function templateKey(): string {
  return `embedded-${packageVersion('@electric-sql/pglite')}-${FORMAT}`;
}

/**
 * A data folder as initdb leaves it, as a tar: from the cache, or made now and kept there for the next
 * time. Two processes may make it at once; each writes its own whole, and the last one stays.
 */
export async function templateTar(): Promise<Buffer> {
  const kept = await readEntry(templateKey());
  if (kept && holdsDatabase(kept)) return kept;
  const tar = await buildTemplate();
  await writeEntry(templateKey(), tar);
  return tar;
}

function holdsDatabase(tar: Buffer): boolean {
  for (const { name } of readTar(tar)) if (name === 'PG_VERSION') return true;
  return false;
}

/** An empty database in memory. A template that the engine cannot open is made anew, once. */
export async function startInMemory(): Promise<PGlite> {
  try {
    return await startEngine({ tar: await templateTar() });
  } catch {
    await removeEntry(templateKey());
    return await startEngine({ tar: await templateTar() });
  }
}
