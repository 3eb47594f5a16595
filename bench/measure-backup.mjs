import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createJiti } from 'jiti';
import { inTurn, ratio, run } from './support/measure.mjs';
import { environment, temporaryFolder, tools, writeFiles } from './support/project.mjs';
import { query } from './support/server.mjs';

const jiti = createJiti(import.meta.url);
const sourceModules = Promise.all([
  jiti.import('../src/database/sqlite-connection.ts'),
  jiti.import('../src/backup/sqlite/read-facts.ts'),
]).then(([{ connectSqlite }, { checkHealth }]) => ({ connectSqlite, checkHealth }));

/** What one unit of pgbench's scale takes with its indexes. */
const SCALE_MEGABYTES = 15;

/** The largest a process of ours became, in kB, appended to a file when it ends. */
const PEAK = `import{appendFileSync}from'node:fs';process.on('exit',()=>appendFileSync(process.env.PEAK_FILE,process.resourceUsage().maxRSS+'\\n'))`;

/**
 * `backup create` and `backup restore` of a pgbench database against pg_dump and pg_restore, and of a file of SQLite
 * against the shell's `.backup`; with the memory that ours takes. Sizes in megabytes, default 1,000.
 */
export async function measureBackup(server, { rounds, megabytes = 1000 }) {
  const { folder, remove } = temporaryFolder();
  const peaks = join(folder, 'peaks');
  const env = {
    ...environment(folder),
    NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(PEAK)}`,
    PEAK_FILE: peaks,
  };
  const site = {
    folder,
    path: (name) => join(folder, name),
    run: (...words) => run(words, { cwd: folder, env }),
    tidemark: (...words) => run([...tools.tidemark, 'backup', ...words], { cwd: folder, env }),
    clear: (...names) => {
      for (const name of names) rmSync(join(folder, name), { recursive: true, force: true });
    },
  };
  try {
    const rows = [
      ...(await postgres(server, site, rounds, megabytes)),
      ...(await sqlite(site, rounds, megabytes)),
    ];
    const peak = Math.max(...readFileSync(peaks, 'utf8').trim().split('\n').map(Number)) / 1024;
    return {
      title: `backup of ${megabytes} MB`,
      rows: [...rows, { what: 'memory, at most', figure: 'memory', value: peak, goal: 250, unit: 'MB' }],
    };
  } finally {
    remove();
  }
}

async function postgres(server, site, rounds, megabytes) {
  const programs = dirname(server.pgDump);
  const url = await server.database();
  const scale = Math.max(1, Math.round(megabytes / SCALE_MEGABYTES));
  run([join(programs, 'pgbench'), '-i', '-q', '-s', String(scale), '-d', url], { cwd: site.folder });
  configure(site, url);
  const pgDump = () => {
    site.clear('dump');
    return run([server.pgDump, '-Fd', '-j2', '-f', site.path('dump'), '-d', url], { cwd: site.folder });
  };
  const ours = (level) => () => {
    site.clear('backups');
    return site.tidemark('create', '--jobs', '2', '--verify', level, '--no-space-check');
  };
  const made = await inTurn({ plain: pgDump, read: ours('2'), counted: ours('0') }, rounds);
  let restored = 0;
  const into = (work) => async () => {
    const name = `restored_${++restored}`;
    const target = Object.assign(new URL(url), { pathname: name }).href;
    const result = await work(name, target);
    await query(url, `DROP DATABASE ${name} WITH (FORCE)`);
    return result;
  };
  const back = await inTurn(
    {
      plain: into(async (name, target) => {
        await query(url, `CREATE DATABASE ${name} TEMPLATE template0`);
        return run([join(programs, 'pg_restore'), '-j2', '-d', target, site.path('dump')], {
          cwd: site.folder,
        });
      }),
      tidemark: into((name) => site.tidemark('restore', 'latest', '--to-database', name, '--jobs', '2')),
    },
    rounds,
  );
  site.clear('dump', 'backups');
  await server.drop(url);
  const what = 'pgbench, hashed and counted, against';
  return [
    {
      what: `${what} pg_dump -Fd -j2`,
      figure: 'wall',
      value: ratio(made.counted, made.plain, 'wall'),
      goal: 1.15,
    },
    {
      what: 'the same, read whole for proof (the default)',
      figure: 'wall',
      value: ratio(made.read, made.plain, 'wall'),
    },
    {
      what: 'restored, counted and compared, against pg_restore -j2',
      figure: 'wall',
      value: ratio(back.tidemark, back.plain, 'wall'),
      goal: 1.15,
    },
  ];
}

async function sqlite(site, rounds, megabytes) {
  if (spawnSync('sqlite3', ['--version']).error !== undefined) {
    console.error('bench: there is no sqlite3 shell here, so backups of SQLite are not measured');
    process.exitCode = 1;
    return [];
  }
  const file = site.path('app.db');
  const fill = `CREATE TABLE a (n INTEGER PRIMARY KEY, title TEXT, body BLOB);
    WITH RECURSIVE k (n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM k WHERE n < ${megabytes * 1000})
    INSERT INTO a SELECT n, 'title ' || n % 1000, randomblob(930) FROM k; CREATE INDEX a_title ON a (title);`;
  writeFiles(site.folder, { 'fill.sql': fill });
  site.run('sqlite3', '-batch', file, 'PRAGMA journal_mode = WAL', '.read fill.sql');
  if (!existsSync(file) || statSync(file).size < megabytes * 900_000)
    throw new Error('the file is too small');
  configure(site, 'sqlite:app.db');
  const copy =
    (...then) =>
    () => {
      site.clear('copy.db');
      return site.run('sqlite3', '-batch', file, `.backup ${site.path('copy.db')}`, ...then);
    };
  const results = await inTurn(
    {
      plain: copy(),
      checked: copy(
        `.open ${site.path('copy.db')}`,
        'PRAGMA integrity_check',
        'PRAGMA foreign_key_check',
        'SELECT count(*) FROM a',
      ),
      tidemark: () => {
        site.clear('backups');
        return site.tidemark('create', '--verify', '0', '--no-space-check');
      },
      check: () => checkAlone(site.path('copy.db')),
    },
    rounds,
  );
  // The same statement by the same engine on the same copy: the shell's may be of another version.
  const without = results.tidemark.map(({ wall }, n) => ({ wall: wall - results.check[n].wall }));
  return [
    {
      what: 'SQLite without its integrity check, against sqlite3 .backup',
      figure: 'wall',
      value: ratio(without, results.plain, 'wall'),
      goal: 1.3,
    },
    {
      what: 'SQLite, against .backup with the checks and the count by hand',
      figure: 'wall',
      value: ratio(results.tidemark, results.checked, 'wall'),
    },
    {
      what: 'SQLite, the integrity check alone, against .backup',
      figure: 'wall',
      value: ratio(results.check, results.plain, 'wall'),
    },
  ];
}

/** What the checks of a backup take in its own engine. */
async function checkAlone(file) {
  const { connectSqlite, checkHealth } = await sourceModules;
  const connection = await connectSqlite({ engine: 'sqlite', adapter: 'sqlite', path: file });
  try {
    const started = performance.now();
    await checkHealth(connection);
    return { wall: (performance.now() - started) / 1000, cpu: 0 };
  } finally {
    await connection.close();
  }
}

function configure(site, url) {
  const config = JSON.stringify({ environments: { local: { url } } });
  writeFiles(site.folder, { 'tidemark.config.json': config });
}
