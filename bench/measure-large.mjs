import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { hundredChanges, largeSchema } from './support/large-schema.mjs';
import { inTurn, median, ratio, run } from './support/measure.mjs';
import { query } from './support/server.mjs';

const SIZES = [500, 5000];
const reader = fileURLToPath(new URL('support/read-and-plan.mjs', import.meta.url));

/**
 * A large schema on a server, and a copy of it with a hundred changes: reading it against `pg_dump --schema-only`,
 * planning the changes, memory, and how all of it grows with the size. Each round is a process of its own.
 */
export async function measureLarge(server, { rounds }) {
  const rows = [];
  const planning = [];
  for (const tables of SIZES) {
    const databases = await build(server, tables);
    try {
      const seen = [];
      const results = await inTurn(
        {
          tidemark: async () => {
            const figures = await readAndPlan(databases);
            seen.push(figures);
            return { wall: figures.read, cpu: figures.read };
          },
          pg_dump: () => run([server.pgDump, '--schema-only', '--dbname', databases.url]),
        },
        rounds,
      );
      const figure = (name) => median(seen.slice(1).map((figures) => figures[name]));
      planning.push({ tables, read: figure('read'), plan: figure('plan') });
      rows.push(
        {
          what: `reading ${tables} tables, against pg_dump --schema-only`,
          figure: 'wall',
          value: ratio(results.tidemark, results.pg_dump, 'wall'),
          goal: 1 / 3,
        },
        {
          what: `planning 100 changes in ${tables} tables`,
          figure: 'wall',
          value: figure('plan'),
          goal: 1,
          unit: 's',
        },
        {
          what: `${tables} tables, both states and the plan`,
          figure: 'memory',
          value: figure('memory'),
          goal: 600,
          unit: 'MB',
        },
      );
    } finally {
      await server.drop(databases.url);
      await server.drop(databases.changed);
    }
  }
  const [small, large] = planning;
  for (const [what, name] of [
    ['reading', 'read'],
    ['planning', 'plan'],
  ]) {
    rows.push({
      what: `${what} ten times the tables, against ten times the ${what}`,
      figure: 'wall',
      value: large[name] / (small[name] * (large.tables / small.tables)),
      goal: 1.2,
    });
  }
  return { title: 'a large schema', rows };
}

async function build(server, tables) {
  const statements = largeSchema(tables);
  const url = await server.database();
  for (let at = 0; at < statements.length; at += 200) {
    await query(url, statements.slice(at, at + 200).join(';\n'));
  }
  const changed = await server.copy(url);
  await query(changed, hundredChanges(tables).join(';\n'));
  await query(url, 'VACUUM ANALYZE');
  await query(changed, 'VACUUM ANALYZE');
  return { url, changed };
}

/** Seconds of reading and planning, and the most memory, of a process that does nothing else. */
async function readAndPlan({ url, changed }) {
  const child = fork(reader, [url, changed]);
  const [figures] = await once(child, 'message');
  await once(child, 'exit');
  return figures;
}
