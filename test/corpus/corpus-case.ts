import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** One pair of schemas: a folder with before.sql, after.sql and, where rows have to survive, seed.sql. */
export interface CorpusCase {
  readonly name: string;
  readonly before: string;
  readonly after: string;
  /** Rows for the first state. */
  readonly seed: string;
  /** `server_version_num` from which both states can be built: `-- since: 150000` in before.sql. */
  readonly since: number;
  /** `-- needs: vector` in before.sql. */
  readonly needsVector: boolean;
  /** Roles that have to be there, as SQL writes them: `-- roles: tm_reader, "tm Odd""Role"` in before.sql. */
  readonly roles: readonly string[];
  /**
   * What is lost besides the tables, columns, sequences and the like that are gone in the new state, as
   * `code:subject`: from `-- loses: …` lines, in after.sql for the way up, in before.sql for the way down.
   */
  readonly losesUp: readonly string[];
  readonly losesDown: readonly string[];
  /** Why pg_dump tells a migrated database from one built directly: `-- dumped otherwise: …` in after.sql. */
  readonly notDumpedAlike: readonly string[];
}

const folder = fileURLToPath(new URL('postgres', import.meta.url));

/** The corpus in order of names; with CORPUS_CASE set, those whose name contains it or one of its parts (`a,b`). */
export function corpusCases(): CorpusCase[] {
  return readdirSync(folder)
    .filter((name) => (process.env.CORPUS_CASE ?? '').split(',').some((part) => name.includes(part)))
    .sort()
    .map(readCase);
}

function readCase(name: string): CorpusCase {
  const text = (file: string): string => {
    const path = join(folder, name, file);
    return existsSync(path) ? readFileSync(path, 'utf8') : '';
  };
  const before = text('before.sql');
  const after = text('after.sql');
  return {
    name,
    before,
    after,
    seed: text('seed.sql'),
    since: Number(notes(before, 'since')[0] ?? 0),
    needsVector: notes(before, 'needs').includes('vector'),
    roles: notes(before, 'roles').flatMap((list) => list.match(/"(?:[^"]|"")*"|[^,\s]+/g) ?? []),
    losesUp: notes(after, 'loses'),
    losesDown: notes(before, 'loses'),
    notDumpedAlike: notes(after, 'dumped otherwise'),
  };
}

function notes(sql: string, word: string): string[] {
  return [...sql.matchAll(new RegExp(`^-- ${word}: (.*)$`, 'gm'))].map(([, value]) => value!.trim());
}
