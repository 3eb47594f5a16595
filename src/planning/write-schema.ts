import { existsSync } from 'node:fs';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { TidemarkError } from '../errors.js';
import { type SchemaPart, schemaText } from '../schema/schema-text.js';

/**
 * Writes a schema down: into one file when the path ends in `.sql`, else into a folder with a file for each part,
 * which read in the order of their names make the schema. Gives the paths of what was written. Nothing is replaced
 * without `overwrite`, which in a folder replaces all parts of an earlier time and nothing else.
 * Throws TidemarkError `schema-exists`; then nothing is written.
 */
export async function writeSchema(
  path: string,
  parts: readonly SchemaPart[],
  options: { readonly overwrite?: boolean } = {},
): Promise<string[]> {
  const flag = options.overwrite ? 'w' : 'wx';
  if (path.endsWith('.sql')) {
    if (!options.overwrite && existsSync(path)) throw exists(path);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, schemaText(parts), { flag });
    return [path];
  }
  const old = (await readdir(path).catch(() => [])).filter((name) => name.endsWith('.sql'));
  if (!options.overwrite && old.length > 0) throw exists(join(path, old[0]!));
  await mkdir(path, { recursive: true });
  const files = parts.map(({ name, sql }) => ({ file: join(path, `${name}.sql`), sql }));
  for (const { file, sql } of files) await writeFile(file, sql, { flag });
  for (const name of old.filter(isPart)) {
    const file = join(path, name);
    if (!files.some((written) => written.file === file)) await rm(file);
  }
  return files.map(({ file }) => file);
}

/** `20_types.sql`: a file that this module may have written. */
function isPart(name: string): boolean {
  return /^[1-9]0_[a-z_]+\.sql$/.test(name);
}

function exists(path: string): TidemarkError {
  return new TidemarkError('schema-exists', `${path} is there already`, {
    exitCode: 4,
    hints: ['Name another place, or --force to replace it.'],
  });
}
