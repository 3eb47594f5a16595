import { join, relative, resolve } from 'node:path';
import { type DatabaseUrl, parseDatabaseUrl } from '../../database/database-url.js';
import { TidemarkError } from '../../errors.js';
import { GIT_ATTRIBUTES, GIT_ATTRIBUTES_TEXT } from '../../migrations/git-attributes.js';
import { EMBEDDED_URL, type ScaffoldedFile, SQLITE_URL, scaffold } from '../../project/scaffold.js';
import type { Outcome } from '../command.js';
import type { Context } from '../context.js';
import type { Adopted } from '../init-from.js';
import { adoptedNextSteps, nextSteps } from '../init-next-steps.js';

interface InitResult {
  readonly folder: string;
  readonly url: string;
  readonly files: readonly ScaffoldedFile[];
  /** With --from: the migration that makes what the database has; null when that was nothing. */
  readonly revision?: string | null;
}

export async function run(context: Context): Promise<Outcome<InitResult>> {
  const folder = resolve(context.cwd, context.argument('FOLDER') ?? '.');
  const from = context.options.text('from');
  const adopted = from === undefined ? undefined : await adopt(context, from, folder);
  const url = adopted?.url ?? (await localUrl(context));
  const database = checked(url, folder);
  const keeper = { name: GIT_ATTRIBUTES, text: GIT_ATTRIBUTES_TEXT };
  const written = adopted?.files.map((name) => ({ path: join('migrations', name), state: 'made' }) as const);
  const schema = adopted === undefined || adopted.schema === '' ? undefined : adopted.schema;
  const files = [...scaffold({ folder, url, database, keeper, schema }), ...(written ?? [])];
  const text = render(files, relative(context.cwd, folder), database, context, adopted?.revision ?? null);
  return { result: { folder, url, files, ...(adopted ? { revision: adopted.revision } : {}) }, text };
}

async function adopt(context: Context, from: string, folder: string): Promise<Adopted> {
  const { adoptDatabase } = await import('../init-from.js');
  return adoptDatabase(context, from, folder);
}

const SERVER_URL = 'postgres://localhost:5432/app';

async function localUrl(context: Context): Promise<string> {
  const given = context.options.text('url');
  if (given !== undefined) return given;
  // Which of the two is meant cannot be known, and what the variable says may hold a password.
  if (context.env.DATABASE_URL && context.options.text('engine') === undefined) {
    context.output.warn(
      'DATABASE_URL is set, but the environment "local" will not use it; if that is the database you mean, say so with --url, without the password',
    );
  }
  const engine = context.options.text('engine') ?? (await askForEngine(context));
  if (engine === 'embedded') return EMBEDDED_URL;
  if (engine === 'sqlite') return SQLITE_URL;
  if (!context.prompt.interactive) return SERVER_URL;
  return context.prompt.ask('Its address, without the password?', '--url URL', SERVER_URL);
}

async function askForEngine({ prompt }: Context): Promise<'embedded' | 'postgres' | 'sqlite'> {
  if (!prompt.interactive) return 'embedded';
  const question =
    'Local database: (1) embedded PostgreSQL, nothing to install, (2) a PostgreSQL server, (3) a SQLite file?';
  for (;;) {
    const answer = await prompt.ask(question, '--engine', '1');
    if (/^(1|e|embedded)$/i.test(answer)) return 'embedded';
    if (/^(2|p|postgres(ql)?)$/i.test(answer)) return 'postgres';
    if (/^(3|s|sqlite)$/i.test(answer)) return 'sqlite';
  }
}

/** A password in a file under version control is one that is known: it is refused, not written. */
function checked(text: string, folder: string): DatabaseUrl {
  const url = parseDatabaseUrl(text, { folder });
  if (!('password' in url) || !url.password) return url;
  throw new TidemarkError(
    'password-in-config',
    'the URL holds a password, and the configuration is no place for it',
    {
      exitCode: 2,
      hints: [
        'Give --url without the password, and put it into .env as PGPASSWORD, or use DATABASE_URL there.',
      ],
    },
  );
}

function render(
  files: readonly ScaffoldedFile[],
  folder: string,
  database: DatabaseUrl,
  { output, cwd }: Context,
  baseline: string | null,
): string {
  const { green, dim, bold } = output.style;
  const marks = { made: green('made    '), extended: green('extended'), kept: dim('kept    ') };
  const enter = folder === '' ? '' : `cd ${/^[\w./-]+$/.test(folder) ? folder : JSON.stringify(folder)} && `;
  // A folder is made as needed; a server's database, or the folder that a file is to lie in, may be missing.
  const { first, commands } =
    baseline === null
      ? nextSteps(resolve(cwd, folder), database.adapter !== 'embedded')
      : adoptedNextSteps(baseline);
  return [
    ...files.map(({ path, state }) => `${marks[state]} ${path}`),
    '',
    `${bold('Next:')} ${first}`,
    ...commands.map((command, index) => `  ${index === 0 ? enter : ''}tidemark ${command}`),
  ].join('\n');
}
