// Measures Tidemark against the goals in docs/performance.md and prints ratios.
//
//   npm run bench [-- up|status|history|catalog|large|diff|sqlite|backup ...] [-- --rounds=N --megabytes=N]
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const here = fileURLToPath(new URL('.', import.meta.url));
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { rounds: { type: 'string' }, megabytes: { type: 'string' } },
});

if (!existsSync(`${here}/../dist/cli/main.js`)) {
  console.error('bench: dist/ is missing; run `npm run build` first');
  process.exit(1);
}
const { startServer } = await import('./support/server.mjs');
const { measureUp } = await import('./measure-up.mjs');
const { measureStatus } = await import('./measure-status.mjs');
const { measureHistory } = await import('./measure-history.mjs');
const { measureCatalog } = await import('./measure-catalog.mjs');
const { measureLarge } = await import('./measure-large.mjs');
const { measureDiff } = await import('./measure-diff.mjs');
const { measureSqlite } = await import('./measure-sqlite.mjs');
const { measureBackup } = await import('./measure-backup.mjs');

/** How many rounds are counted: more where a run is short and the machine's noise is large beside it. */
const measurements = {
  up: [7, (server, options) => measureUp(server, options)],
  status: [25, (server, options) => measureStatus(server, options)],
  history: [9, (server, options) => measureHistory(server, options)],
  catalog: [15, (server, options) => measureCatalog(server, options)],
  large: [5, (server, options) => measureLarge(server, options)],
  diff: [9, (_, options) => measureDiff(options)],
  sqlite: [5, (_, options) => measureSqlite(options)],
  backup: [3, (server, options) => measureBackup(server, options)],
};
const unknown = positionals.find((name) => !Object.hasOwn(measurements, name));
if (unknown !== undefined) {
  console.error(`bench: no measurement ${unknown}; there are ${Object.keys(measurements).join(', ')}`);
  process.exit(2);
}
const chosen = positionals.length > 0 ? positionals : Object.keys(measurements);
const againstTools = ['status', 'diff'].some((name) => chosen.includes(name));
if (againstTools && !existsSync(`${here}/node_modules/.package-lock.json`)) {
  console.error('installing the tools to measure against …');
  execFileSync('npm', ['ci', '--prefix', here, '--ignore-scripts'], { stdio: ['ignore', 2, 2] });
}

const server = await startServer();
try {
  const [{ model }] = cpus();
  console.log(
    `Node ${process.versions.node}, PostgreSQL ${server.major}, ${cpus().length} × ${model.trim()}\n`,
  );
  console.log('| measured | of | result | goal | |\n|---|---|---|---|---|');
  for (const name of chosen) {
    const [rounds, measure] = measurements[name];
    const { title, rows } = await measure(server, {
      rounds: Number(values.rounds ?? rounds),
      megabytes: Number(values.megabytes ?? 1000),
    });
    for (const row of rows) console.log(line(title, row));
  }
} finally {
  await server.stop();
}

function line(title, { what, figure, value, goal, unit = '×' }) {
  const shown = (number) => `${number.toFixed(2)} ${unit}`;
  const verdict = goal === undefined ? '' : value <= goal ? 'reached' : 'missed';
  const of = { cpu: 'processor time', memory: 'memory' }[figure] ?? 'wall clock';
  return `| ${title}: ${what} | ${of} | ${shown(value)} | ${goal === undefined ? '' : `≤ ${shown(goal)}`} | ${verdict} |`;
}
