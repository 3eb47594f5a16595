import { spawnSync } from 'node:child_process';
import { closeSync, copyFileSync, fsyncSync, openSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { inTurn, ratio, run } from './support/measure.mjs';
import { environment, temporaryFolder, tools, writeFiles } from './support/project.mjs';

const ROWS = 1_000_000;
const MIGRATIONS = 500;

/**
 * The shell, as durable as `migrate up`: a commit is on disk before it counts. Debian's overwrites what is
 * deleted, which the driver's SQLite does not; that is off. Anything else is as each has it.
 */
const SHELL = [
  'sqlite3',
  '-batch',
  '-bail',
  '-cmd',
  'PRAGMA synchronous = FULL; PRAGMA secure_delete = OFF;',
];

/** `tidemark migrate up` on a file of SQLite, whole process, against the sqlite3 shell. */
export async function measureSqlite({ rounds }) {
  const { error, stdout } = spawnSync('sqlite3', ['--version'], { encoding: 'utf8' });
  if (error !== undefined) {
    console.error('bench: there is no sqlite3 shell here, so SQLite is not measured; install sqlite3');
    process.exitCode = 1;
    return { title: 'SQLite', rows: [] };
  }
  return {
    title: `migrate up on SQLite, against the shell (${stdout.split(' ', 1)[0]})`,
    rows: [...(await inProject(rebuild(rounds))), ...(await inProject(manyMigrations(rounds)))],
  };
}

const table = (name, check = '') => `CREATE TABLE ${name} (
  id INTEGER PRIMARY KEY,
  customer INTEGER NOT NULL,
  title TEXT NOT NULL,
  quantity INTEGER NOT NULL${check},
  price REAL NOT NULL,
  created_at TEXT NOT NULL
);
`;
const CHECK = ' CHECK (quantity > 0)';
const INDEXES = `CREATE INDEX orders_customer_idx ON orders (customer, created_at);
CREATE INDEX orders_title_idx ON orders (title);
`;

const FILL = `INSERT INTO orders (customer, title, quantity, price, created_at)
WITH RECURSIVE numbers (n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM numbers WHERE n < ${ROWS})
SELECT n * 7919 % 50000, 'order ' || (n * 7919 % ${ROWS}) || ' of the year', n % 9 + 1, n % 10000 / 100.0,
  datetime(1735689600 + n, 'unixepoch') FROM numbers;
`;

/** The 12 steps of https://www.sqlite.org/lang_altertable.html#otheralter, as one writes them by hand. */
const byHand = ({ counted = '', checked = '' } = {}) => `PRAGMA foreign_keys = OFF;
BEGIN IMMEDIATE;
${table('new_orders', CHECK)}INSERT INTO new_orders (id, customer, title, quantity, price, created_at)
  SELECT id, customer, title, quantity, price, created_at FROM orders;
${counted}DROP TABLE orders;
ALTER TABLE new_orders RENAME TO orders;
${INDEXES}PRAGMA foreign_key_check;
${checked}COMMIT;
PRAGMA foreign_keys = ON;
`;

/** What `migrate up` makes sure of besides. */
const CHECKS = {
  counted: 'SELECT (SELECT count(*) FROM orders) = (SELECT count(*) FROM new_orders);\n',
  checked: 'PRAGMA integrity_check(orders);\n',
};

/** A generated migration that gives a full table a CHECK, against the same change by hand. */
function rebuild(rounds) {
  return async ({ tidemark, shell, put, path }) => {
    put({
      'migrations/20250101000001_orders.sql': table('orders') + INDEXES,
      'schema.sql': table('orders', CHECK) + INDEXES,
      'fill.sql': FILL,
      'by-hand.sql': byHand(),
      'by-hand-checked.sql': byHand(CHECKS),
    });
    tidemark('hash');
    tidemark('up', '--url', 'sqlite:full.db');
    shell('full.db', 'fill.sql');
    tidemark('diff', 'add_check', '--url', 'sqlite:full.db', '--schema', 'schema.sql');

    const onCopy = (work) => () => {
      copyToDisk(path('full.db'), path('app.db'));
      const result = work();
      const refused = spawnSync('sqlite3', [path('app.db'), 'UPDATE orders SET quantity = 0 WHERE id = 1']);
      if (refused.status === 0) throw new Error('the table has no CHECK');
      rmSync(path('app.db'));
      return result;
    };
    const results = await inTurn(
      {
        tidemark: onCopy(() => tidemark('up', '--url', 'sqlite:app.db')),
        byHand: onCopy(() => shell('app.db', 'by-hand.sql')),
        checked: onCopy(() => shell('app.db', 'by-hand-checked.sql')),
      },
      rounds,
    );
    const what = `a table of ${ROWS.toLocaleString('en')} rows with two indexes made anew, against the 12 steps by hand`;
    return [
      { what, figure: 'wall', value: ratio(results.tidemark, results.byHand, 'wall'), goal: 1.2 },
      {
        what: 'the same, with the row count and the integrity check by hand too',
        figure: 'wall',
        value: ratio(results.tidemark, results.checked, 'wall'),
      },
    ];
  };
}

/** Migrations of one table each, against the same SQL, where each statement commits. */
function manyMigrations(rounds) {
  return async ({ tidemark, shell, put, path }) => {
    const tables = Array.from({ length: MIGRATIONS }, (_, index) => table(`item_${index + 1}`));
    const name = (index) => `migrations/${20250101000001 + index}_item_${index + 1}.sql`;
    put({
      'all.sql': tables.join('\n'),
      ...Object.fromEntries(tables.map((sql, index) => [name(index), sql])),
    });
    tidemark('hash');

    const onNew = (work) => () => {
      const result = work();
      rmSync(path('app.db'));
      return result;
    };
    const results = await inTurn(
      {
        tidemark: onNew(() => tidemark('up', '--url', 'sqlite:app.db')),
        shell: onNew(() => shell('app.db', 'all.sql')),
      },
      rounds,
    );
    return [
      {
        what: `${MIGRATIONS} migrations of one table, against the same SQL`,
        figure: 'wall',
        value: ratio(results.tidemark, results.shell, 'wall'),
        goal: 2,
      },
    ];
  };
}

/** Gives `work` an empty folder, and both tools at work in it. */
async function inProject(work) {
  const { folder, remove } = temporaryFolder();
  const options = { cwd: folder, env: environment(folder) };
  try {
    return await work({
      path: (name) => join(folder, name),
      put: (files) => writeFiles(folder, files),
      tidemark: (...words) =>
        run([...tools.tidemark, 'migrate', ...words, '--migrations', 'migrations'], options),
      shell: (database, file) => run([...SHELL, database, `.read ${file}`], options),
    });
  } finally {
    remove();
  }
}

/** A copy whose pages are on disk, so that no commit that is measured has to write them. */
function copyToDisk(from, to) {
  copyFileSync(from, to);
  const file = openSync(to, 'r+');
  fsyncSync(file);
  closeSync(file);
}
