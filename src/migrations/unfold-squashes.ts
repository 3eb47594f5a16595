import type { MigrationFolder } from './folder.js';
import type { RevisionInput } from './graph/revision-graph.js';
import type { AppliedRevision } from './history.js';
import type { Migration } from './migration-file.js';
import { isSquash } from './squashes.js';

/** What of a recorded revision is needed to stand in for a file that is gone. */
export type RecordedRevision = Pick<AppliedRevision, 'revision' | 'name' | 'state'>;

/** The migrations that hold for one database. */
export interface UnfoldedMigrations {
  /** In file order. */
  readonly migrations: readonly Migration[];
  /** What the graph is built from: those, and recorded originals of a squash whose files are gone. */
  readonly inputs: readonly RevisionInput[];
  /** Squashes of which the database has a part, while the files of the rest are gone. */
  readonly torn: readonly TornSquash[];
}

/** See `UnfoldedMigrations.torn`. */
export interface TornSquash {
  readonly squash: Migration;
  readonly recorded: readonly string[];
  /** Not recorded, and without a file. */
  readonly lacking: readonly string[];
}

/**
 * The migrations of a folder that hold for a database: a squash where it has none of what the squash was made of,
 * else those originals in its place. Where the files of originals are gone, what the database has recorded stands
 * in for them, if it has all that are gone. Pure.
 *
 * @param recorded the history, half done revisions too; empty for no database
 * @param named ids that somebody names as a target: a squash that replaces one gives way to its originals too, if
 *   it is not applied itself, for only they stop there
 */
export function unfoldSquashes(
  folder: Pick<MigrationFolder, 'migrations' | 'squashed'>,
  recorded: readonly RecordedRevision[] = [],
  named: ReadonlySet<string> = new Set(),
): UnfoldedMigrations {
  if (!folder.migrations.some(isSquash)) {
    const { migrations } = folder;
    return { migrations, inputs: migrations.map((migration) => toInput(migration)), torn: [] };
  }
  const rows = new Map(recorded.map((row) => [row.revision, row]));
  const apart = new Map(folder.squashed.map((migration) => [migration.version, migration]));
  const migrations: Migration[] = [];
  const inputs: RevisionInput[] = [];
  const torn: TornSquash[] = [];

  const everything = ({ directives }: Migration): string[] =>
    directives.replaces.flatMap((id) => {
      const original = apart.get(id);
      return original === undefined ? [id] : [id, ...everything(original)];
    });
  const add = (migration: Migration, place: Partial<RevisionInput>): void => {
    if (isSquash(migration) && !rows.has(migration.version)) {
      const within = everything(migration);
      const there = within.filter((id) => rows.has(id));
      const lacking = migration.directives.replaces.filter((id) => !rows.has(id) && !apart.has(id));
      const asked = there.length > 0 || within.some((id) => named.has(id));
      if (asked && lacking.length === 0) {
        unfold(migration, place);
        return;
      }
      if (there.length > 0) torn.push({ squash: migration, recorded: there, lacking });
    }
    migrations.push(migration);
    const aliases = [...(place.aliases ?? []), ...(isSquash(migration) ? everything(migration) : [])];
    inputs.push({ ...toInput(migration), ...place, aliases });
  };
  /** Puts the originals in the place of a squash: the first stands where it stood, each other follows the one before. */
  const unfold = (squash: Migration, { parents, aliases = [] }: Partial<RevisionInput>): void => {
    const { replaces, dependsOn } = squash.directives;
    const above = [squash.version, ...aliases];
    let before: string | undefined;
    for (const [at, id] of replaces.entries()) {
      const original = apart.get(id);
      const place = {
        parents: before === undefined ? (parents ?? squash.directives.parents) : [before],
        // What follows the squash follows its last original.
        ...(at === replaces.length - 1 ? { aliases: above } : {}),
      };
      if (original !== undefined) add(original, place);
      else {
        const { name = '' } = rows.get(id) ?? {};
        inputs.push({ id, name, ...place, ...(before === undefined ? { dependsOn } : {}) });
      }
      before = id;
    }
  };
  for (const migration of folder.migrations) add(migration, {});
  return { migrations, inputs, torn };
}

/** A migration as the graph is built from it. */
export function toInput(migration: Migration): RevisionInput {
  return {
    id: migration.version,
    name: migration.name,
    parents: migration.directives.parents,
    dependsOn: migration.directives.dependsOn,
    branch: migration.directives.branch,
    file: migration.file,
  };
}

/**
 * The ids among the originals of squashes that texts name as targets (`2`, `2:head`, `2+1`, the beginning of an id
 * that begins no other migration's).
 */
export function namedOriginals(
  { migrations, squashed }: Pick<MigrationFolder, 'migrations' | 'squashed'>,
  targets: readonly (string | number | undefined)[],
): Set<string> {
  const named = new Set<string>();
  if (squashed.length === 0) return named;
  for (const target of targets) {
    if (typeof target !== 'string') continue;
    const whole = target.trim();
    const words = whole.split(/[@:]/).map((word) => word.replace(/[+-]\d+$/, ''));
    for (const word of [whole, ...words]) {
      const found = originalCalled(word, migrations, squashed);
      if (found !== undefined) named.add(found);
    }
  }
  return named;
}

function originalCalled(
  word: string,
  migrations: readonly Migration[],
  squashed: readonly Migration[],
): string | undefined {
  if (word === '' || migrations.some(({ version }) => version === word)) return undefined;
  if (squashed.some(({ version }) => version === word)) return word;
  // The beginning of an id would be longer: this is a number of steps.
  if (/^\d{1,3}$/.test(word)) return undefined;
  const isMeant = ({ version, name }: Migration): boolean => version.startsWith(word) || name === word;
  const found = squashed.filter(isMeant);
  return found.length === 1 && !migrations.some(isMeant) ? found[0]?.version : undefined;
}
