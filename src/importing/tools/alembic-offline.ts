import { TidemarkError } from '../../errors.js';
import { hasStatements } from '../../migrations/sql-comments.js';
import type { ReadOptions } from '../imported-project.js';
import { endStatement } from '../statement-end.js';
import type { AlembicRevision } from './alembic-graph.js';
import { type AlembicConfiguration, runDriver, tail } from './alembic-python.js';

/** What Alembic says about a project without running its migrations. */
export interface AlembicProject {
  /** The script folder, the one with env.py. */
  readonly folder: string;
  /** The folders of the version files. */
  readonly locations: readonly string[];
  /** Whether their subfolders hold version files too. */
  readonly recursive: boolean;
  readonly versions: { readonly alembic: string; readonly sqlalchemy: string };
}

/** The SQL of one direction of a revision. */
export interface OfflineScript {
  readonly sql: string;
  readonly transaction: 'file' | 'none';
}

/** Why a function of a version file gives no SQL. */
export interface OfflineFailure {
  /** `NotImplementedError`. */
  readonly type: string;
  readonly message: string;
  readonly line: number;
  /** The version file itself raised it. */
  readonly own: boolean;
}

export interface OfflineRevision {
  readonly up: OfflineScript | OfflineFailure;
  readonly down: OfflineScript | OfflineFailure;
  /** It gave other SQL when it ran again: it holds a time, a random value, or something of this machine. */
  readonly changes: boolean;
}

export interface OfflineProject {
  readonly revisions: ReadonlyMap<string, OfflineRevision>;
  /** env.py needed an address of a database of the right kind, and was given one that leads nowhere. */
  readonly placeholder: boolean;
  /** Undefined when there is no revision to render. */
  readonly versionTable: { readonly schema: string | undefined; readonly name: string } | undefined;
}

type Words = Readonly<Record<string, unknown>>;

/** Asks Alembic where the project's files are. Throws TidemarkError (`import-tool-failed`). */
export async function describeProject(
  python: readonly [string, ...string[]],
  configuration: AlembicConfiguration,
  options: ReadOptions,
): Promise<AlembicProject> {
  const answer = await ask(python, configuration, null, options);
  const versions = words(answer.versions);
  return {
    folder: text(answer.folder),
    locations: list(answer.locations).map(text),
    recursive: answer.recursive === true,
    versions: { alembic: text(versions.alembic), sqlalchemy: text(versions.sqlalchemy) },
  };
}

/**
 * Runs every revision in Alembic's offline mode, upwards and downwards. Runs the project's env.py and version
 * files; connections to a database are refused. Throws TidemarkError: `import-tool-failed` when env.py fails,
 * `import-unsupported` for what cannot be brought over as one history.
 */
export async function renderOffline(
  python: readonly [string, ...string[]],
  configuration: AlembicConfiguration,
  revisions: readonly AlembicRevision[],
  options: ReadOptions,
): Promise<OfflineProject> {
  const answer = await ask(
    python,
    configuration,
    revisions.map(({ revision }) => revision),
    options,
  );
  checkKnown(revisions, list(answer.known).map(words));
  const rendered = words(answer.rendered);
  const found = new Map<string, OfflineRevision>();
  for (const { revision, path } of revisions) {
    const one = rendered[revision];
    // The driver ends with the first revision that env.py does not let it reach.
    if (one === undefined) break;
    const { up, down, environment, changes } = words(one);
    if (environment === true) throw environmentFailure(words(up), options, path);
    found.set(revision, {
      up: direction(words(up), options),
      down: direction(words(down), options),
      changes: changes === true,
    });
  }
  const [schema, name] = Array.isArray(answer.versionTable) ? answer.versionTable : [];
  return {
    revisions: found,
    placeholder: answer.placeholder === true,
    versionTable:
      typeof name === 'string'
        ? { schema: typeof schema === 'string' ? schema : undefined, name }
        : undefined,
  };
}

async function ask(
  python: readonly [string, ...string[]],
  { folder, ...configuration }: AlembicConfiguration,
  order: readonly string[] | null,
  options: ReadOptions,
): Promise<Words> {
  const request = { ...configuration, engine: options.engine, order };
  const answer = words(await runDriver(python, folder, request, options));
  if (typeof answer.missing === 'string') {
    throw new TidemarkError('import-tool-missing', `Alembic does not load: ${answer.missing}`, {
      exitCode: 2,
      hints: ["Install it where the project's other packages are: pip install alembic sqlalchemy"],
    });
  }
  if (answer.error !== undefined) {
    const { type, message, trace } = words(answer.error);
    throw toolFailed(`Alembic cannot load the project: ${text(type)}: ${text(message)}`, text(trace));
  }
  return answer;
}

/** What was read from the version files has to be what Alembic makes of them. */
function checkKnown(revisions: readonly AlembicRevision[], known: readonly Words[]): void {
  const ours = new Map(revisions.map((revision) => [revision.revision, revision]));
  for (const theirs of known) {
    const mine = ours.get(text(theirs.id));
    const same = (values: readonly string[] | undefined, others: unknown) =>
      JSON.stringify([...(values ?? [])].sort()) === JSON.stringify(list(others));
    if (mine !== undefined && same(mine.parents, theirs.parents) && same(mine.dependsOn, theirs.dependsOn))
      continue;
    throw new TidemarkError(
      'import-unsupported',
      `${text(theirs.path)} does not say in plain text what Alembic finds there: revision ${text(theirs.id)}`,
      {
        location: { file: text(theirs.path), line: 1 },
        hints: [
          'Write its revision, down_revision and depends_on as plain text, as "alembic revision" does.',
        ],
      },
    );
  }
}

function direction(found: Words, options: ReadOptions): OfflineScript | OfflineFailure {
  if (found.error !== undefined) {
    const { type, message, line, own } = words(found.error);
    return {
      type: text(type),
      message: text(message),
      line: typeof line === 'number' ? line : 1,
      own: own === true,
    };
  }
  const pieces = list(found.pieces).map(text);
  if (options.engine === 'sqlite') return { sql: withKeysOff(pieces), transaction: 'file' };
  const outside = found.transactional === false;
  return outside ? { sql: join(pieces), transaction: 'none' } : inTransactions(pieces);
}

/**
 * A batch makes a table anew and drops the old one, which deletes its rows first: with foreign keys on, as they may
 * be here, what refers to them would go too. Alembic's connections have them off.
 */
function withKeysOff(pieces: readonly string[]): string {
  const sql = join(pieces);
  if (!pieces.some((piece) => piece.includes('_alembic_tmp_'))) return sql;
  return `PRAGMA foreign_keys = OFF;\n\n${sql}\nPRAGMA foreign_keys = ON;\n`;
}

const CONTROL = /^\s*(?:(BEGIN|START)|COMMIT|END)(?:\s+(?:TRANSACTION|WORK))?[\s;]*$/i;

/**
 * The text of a migration. Alembic begins a transaction around it that an `autocommit_block` ends and begins
 * again: then what stands in transactions is written so, and the file says that it does it by itself.
 */
function inTransactions(pieces: readonly string[]): OfflineScript {
  if (!pieces.some((piece) => CONTROL.test(piece))) return { sql: join(pieces), transaction: 'file' };
  const sections: string[] = [];
  let section: string[] = [];
  let open = true;
  for (const piece of [...pieces, 'COMMIT;']) {
    const control = CONTROL.exec(piece);
    if (control === null) {
      section.push(piece);
      continue;
    }
    const sql = join(section);
    if (hasStatements(sql)) sections.push(open ? `BEGIN;\n\n${sql}\nCOMMIT;\n` : sql);
    section = [];
    open = control[1] !== undefined;
  }
  return { sql: sections.join('\n'), transaction: 'none' };
}

/** Alembic ends every statement with a semicolon of its own, also one that has one, or a comment at its end. */
function join(pieces: readonly string[]): string {
  return pieces
    .map((piece) => piece.trimEnd().replace(/;$/, '').trimEnd())
    .filter(hasStatements)
    .map((statement) => `${endStatement(statement)}\n`)
    .join('\n');
}

function environmentFailure(found: Words, { engine }: ReadOptions, path: string): TidemarkError {
  const wanted = engine === 'postgres' ? 'PostgreSQL' : 'SQLite';
  if (found.error !== undefined) {
    const { type, message, trace } = words(found.error);
    return toolFailed(`env.py fails in offline mode: ${text(type)}: ${text(message)}`, text(trace));
  }
  if (typeof found.times === 'number' && found.times > 1) {
    return new TidemarkError(
      'import-unsupported',
      'env.py runs the migrations more than once: for several databases, or for several schemas',
      { hints: ['Import them one at a time, with an env.py that runs them once.'] },
    );
  }
  if (typeof found.dialect === 'string') {
    return new TidemarkError(
      'import-unsupported',
      `env.py renders for ${found.dialect}, and the project here is ${wanted}`,
      { hints: [`Give env.py the URL of a ${wanted} database: nothing connects to it.`] },
    );
  }
  return new TidemarkError('import-unsupported', `env.py does not run the migrations in offline mode`, {
    hints: [
      `"alembic upgrade head --sql" has to print the SQL of ${path}: let env.py handle context.is_offline_mode().`,
    ],
  });
}

function toolFailed(message: string, trace: string): TidemarkError {
  return new TidemarkError('import-tool-failed', message, {
    hints: [
      `Python says:\n${tail(trace)}`,
      'Settings that env.py reads from the environment are taken from the environment of this command.',
    ],
  });
}

function words(value: unknown): Words {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
