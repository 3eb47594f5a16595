import type { Connection } from '../../database/connection.js';
import { TidemarkError } from '../../errors.js';
import { quoteIdent } from '../../postgres/identifiers.js';
import type { OpenBackup } from '../open-backup.js';
import { findClient, type PostgresClient } from './find-client.js';
import { archive, restorer } from './postgres-backup.js';
import { type PostgresRestoreOptions, type RestoreMode, restoreMode } from './restore-options.js';
import {
  databaseExists,
  type LiveDatabase,
  readServerFacts,
  type ServerFacts,
} from './restore-server-facts.js';
import { NAME_BYTES } from './swap-marker.js';

/** A backup that can be restored here, as far as it can be told. */
export interface ReadyRestore {
  readonly client: PostgresClient;
  /** What makes the copy of a selection. */
  readonly dumper: PostgresClient | undefined;
  readonly archive: Awaited<ReturnType<typeof archive>>;
  readonly facts: ServerFacts;
  /** Restores without the owners and grants of the backup. */
  readonly withoutOwners: boolean;
  readonly notes: readonly string[];
}

interface Problem {
  readonly text: string;
  readonly hint: string | undefined;
}

/**
 * Checks everything that can be checked before anything is made, and gives the unpacked archive, for the caller to
 * release. Throws TidemarkError: `restore-refused` (exit code 4) with all that is in the way; where that is one thing
 * with an error of its own, that (`backup-damaged`, `client-missing`, `client-too-old`, `backup-key-missing`).
 */
export async function preflight(
  backup: OpenBackup,
  connection: Connection,
  database: string,
  options: PostgresRestoreOptions,
): Promise<ReadyRestore> {
  const { manifest } = backup;
  const mode = restoreMode(options);
  const errors: TidemarkError[] = [];
  const attempt = async <T>(work: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await work();
    } catch (error) {
      // What stops the whole command is no finding.
      if (!(error instanceof TidemarkError) || options.signal?.aborted) throw error;
      errors.push(error);
      return undefined;
    }
  };
  const major = Math.floor(connection.versionNumber / 10_000);
  const facts = await readServerFacts(connection, options.url, database, manifest);
  const problems: Problem[] = [];
  const notes: string[] = [];
  const problem = (text: string, hint?: string) => problems.push({ text, hint });

  if (manifest.engine.kind !== 'postgres')
    problem(`the backup is of another kind of database (${manifest.engine.kind})`);
  const source = Number.parseInt(manifest.engine.version, 10);
  if (source > major)
    problem(
      `the backup is of PostgreSQL ${source}, and this server is PostgreSQL ${major}`,
      'Restore it on a server of the same or a later version.',
    );
  rights(facts, mode, database, problem);
  await target(connection, facts, mode, database, options, problem, notes);
  contents(backup, facts, mode, options, problem, notes);
  space(backup, facts, problem, notes);

  const client = await attempt(() => restorer(options.find, backup));
  // It sets transaction_timeout, which older servers do not know.
  if (client !== undefined && client.major >= 17 && major < 17)
    problem(
      `pg_restore ${client.version} sends settings that PostgreSQL ${major} does not know`,
      `Install the package postgresql-client-${Math.max(major, writerMajor(backup))}, or name its folder: \`clientFolder\` under \`backup\` in the configuration.${
        writerMajor(backup) >= 17
          ? ' The backup was made with so new a pg_dump, which only PostgreSQL 17 and later takes back: restore it there, or by hand without that setting (pg_restore --file=- BACKUP/… | sed "/^SET transaction_timeout/d" | psql).'
          : ''
      }`,
    );
  const dumper =
    mode === 'selection' ? await attempt(() => findClient('pg_dump', major, options.find)) : undefined;
  options.onEvent?.({ type: 'phase', phase: 'checking the backup' });
  const files = await attempt(() => archive(backup, options.signal));
  const failed = errors.length + problems.length > 0;
  if (failed || client === undefined || files === undefined) {
    await files?.release();
    throw refused(database, problems, errors);
  }
  const withoutOwners = mode === 'selection' || facts.foreignRoles.length > 0;
  if (facts.foreignRoles.length > 0 && mode !== 'selection')
    notes.push(
      `"${facts.user}" cannot act for ${names(facts.foreignRoles)}: everything that is restored belongs to "${facts.user}". A superuser restores owners too.`,
    );
  return { client, dumper, archive: files, facts, withoutOwners, notes };
}

type Report = (text: string, hint?: string) => void;

function rights(facts: ServerFacts, mode: RestoreMode, database: string, problem: Report): void {
  const { live, user, createDatabases } = facts;
  if (mode === 'in-place') {
    if (live === undefined)
      problem(`there is no database "${database}" to restore in place`, 'Leave --in-place out.');
    return;
  }
  if (!createDatabases)
    problem(
      `"${user}" may not create databases`,
      `Let it: ALTER ROLE ${quoteIdent(user)} CREATEDB;${
        mode === 'swap' ? ' Or restore over the live database, in one transaction, with --in-place.' : ''
      }`,
    );
  if (mode === 'swap' && live !== undefined && !live.mine)
    problem(
      `"${database}" belongs to "${live.owner}", and "${user}" may not rename it`,
      `Restore as "${live.owner}" or as a superuser, or: GRANT ${quoteIdent(live.owner)} TO ${quoteIdent(user)};`,
    );
}

async function target(
  connection: Connection,
  { live, superuser }: ServerFacts,
  mode: RestoreMode,
  database: string,
  { toDatabase }: PostgresRestoreOptions,
  problem: Report,
  notes: string[],
): Promise<void> {
  if (mode === 'new-database' && toDatabase !== undefined) {
    if (Buffer.byteLength(toDatabase) > NAME_BYTES || toDatabase === '')
      problem(`"${toDatabase}" cannot be the name of a database: it has 1 to ${NAME_BYTES} bytes`);
    else if (await databaseExists(connection, toDatabase))
      problem(
        `there is a database "${toDatabase}" already`,
        'Choose a name that is free: nothing is overwritten.',
      );
    return;
  }
  if (live === undefined) {
    if (mode === 'selection') problem(`there is no database "${database}" to restore tables into`);
    return;
  }
  if (!live.allowed)
    problem(
      `"${database}" takes no connections`,
      `If that is not meant to be: ALTER DATABASE ${quoteIdent(database)} ALLOW_CONNECTIONS true;`,
    );
  if (mode !== 'swap') return;
  if (live.template) problem(`"${database}" is a template database`);
  if (live.preparedTransactions.length > 0)
    problem(
      `"${database}" has prepared transactions: ${names(live.preparedTransactions)}`,
      'End each with COMMIT PREPARED or ROLLBACK PREPARED.',
    );
  if (live.slots.length > 0)
    problem(
      `"${database}" has replication slots, which cannot follow to the restored database: ${names(live.slots)}`,
      "Stop the subscribers and drop the slots: SELECT pg_drop_replication_slot('…'); the subscribers have to be set up anew afterwards.",
    );
  if (live.subscriptions.length > 0)
    problem(
      `"${database}" has subscriptions, which would go on writing into the old database: ${names(live.subscriptions)}`,
      'Drop each of them (DROP SUBSCRIPTION …), and set them up anew afterwards.',
    );
  const held = live.sessions.filter(({ mayEnd }) => !mayEnd);
  if (held.length > 0 && !superuser)
    problem(
      `sessions that this role may not end are connected: ${held.map(describeSession).join('; ')}`,
      'End them, or restore as a superuser.',
    );
  notes.push(...sessionNotes(live));
}

/** Who is connected, and what the swap interrupts. */
function sessionNotes({ sessions }: LiveDatabase): string[] {
  if (sessions.length === 0) return [];
  const shown = sessions.slice(0, 8).map(describeSession).join('; ');
  const more = sessions.length > 8 ? `; and ${sessions.length - 8} more` : '';
  return [
    `The swap ends ${sessions.length === 1 ? 'a session' : `${sessions.length} sessions`}: ${shown}${more}.`,
  ];
}

function describeSession(session: LiveDatabase['sessions'][number]): string {
  return [
    `process ${session.pid} of "${session.user}"`,
    session.application === undefined ? '' : `(${session.application})`,
    session.client === undefined ? '' : `from ${session.client}`,
    session.transactionSince === undefined ? '' : `in a transaction since ${session.transactionSince}`,
  ]
    .filter((part) => part !== '')
    .join(' ');
}

function contents(
  { manifest }: OpenBackup,
  facts: ServerFacts,
  mode: RestoreMode,
  { createRoles }: PostgresRestoreOptions,
  problem: Report,
  notes: string[],
): void {
  const { missingRoles: roles, extensions } = facts;
  // Tables that are copied out come without owners and grants.
  if (roles.length > 0 && mode !== 'selection' && !(createRoles && facts.createRoles))
    problem(
      `the server lacks ${roles.length === 1 ? 'the role' : 'the roles'} ${names(roles)}`,
      `Make ${roles.length === 1 ? 'it' : 'them'} with --create-roles${
        createRoles ? `, as a role that may: ALTER ROLE ${quoteIdent(facts.user)} CREATEROLE;` : ''
      } or yourself: ${roles.map((role) => `CREATE ROLE ${quoteIdent(role)} NOLOGIN;`).join(' ')}`,
    );
  for (const { name, version } of manifest.globals?.extensions ?? []) {
    if (name === 'plpgsql') continue;
    const here = extensions.get(name);
    if (here === undefined)
      problem(
        `the server lacks the extension "${name}"`,
        `Install the package that brings "${name}" on the server.`,
      );
    else if (!here.mayCreate)
      problem(`only a superuser may create the extension "${name}"`, 'Restore as a superuser.');
    else if (here.version !== version)
      notes.push(`The extension "${name}" is ${here.version} here, and was ${version} in the backup.`);
    if (name === 'timescaledb')
      problem(
        'TimescaleDB has to be told of a restore, which is not done yet',
        'Use its own procedure: timescaledb_pre_restore(), pg_restore, timescaledb_post_restore().',
      );
  }
  if (facts.missingTablespaces.length > 0)
    notes.push(
      `The server lacks the tablespaces ${names(facts.missingTablespaces)}: everything goes to the default one.`,
    );
}

function space({ manifest }: OpenBackup, facts: ServerFacts, problem: Report, notes: string[]): void {
  const { freeBytes: free, live } = facts;
  if (free === undefined) return;
  const bytes = manifest.totals.bytes;
  // What is restored is hardly ever smaller than its compressed dump.
  if (free < bytes)
    problem(`the server's disk has ${mega(free)} left, and the backup alone is ${mega(bytes)}`, 'Make room.');
  else if (free < Math.max(live?.bytes ?? 0, bytes * 4))
    notes.push(`The server's disk has ${mega(free)} left, which may be too little.`);
}

function mega(bytes: number): string {
  return `${Math.ceil(bytes / 1_000_000)} MB`;
}

function names(list: readonly string[]): string {
  return list.map((name) => `"${name}"`).join(', ');
}

function writerMajor({ manifest }: OpenBackup): number {
  return Number(/(\d+)/.exec(manifest.engine.writer)?.[1] ?? 0);
}

function refused(
  database: string,
  problems: readonly Problem[],
  errors: readonly TidemarkError[],
): TidemarkError {
  const [only] = errors;
  if (only !== undefined && problems.length === 0 && errors.length === 1) return only;
  const texts = [...problems.map(({ text }) => text), ...errors.map(({ message }) => message)];
  const hints = [...problems.flatMap(({ hint }) => hint ?? []), ...errors.flatMap((error) => error.hints)];
  const [one] = texts;
  return new TidemarkError(
    'restore-refused',
    texts.length === 1 && one !== undefined
      ? `"${database}" cannot be restored: ${one}`
      : `"${database}" cannot be restored: ${texts.length} things are in the way`,
    {
      exitCode: 4,
      ...(texts.length === 1 ? {} : { excerpt: texts.map((text) => `- ${text}`).join('\n') }),
      hints: [...new Set([...hints, 'Nothing was changed.'])],
      details: { problems: texts },
    },
  );
}
