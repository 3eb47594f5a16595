import type { Command } from '../command.js';

/** The commands of `tidemark migrate` that look at the revisions and at where databases are among them. */
export const lookingCommands: readonly Command[] = [
  {
    path: ['migrate', 'status'],
    summary: 'what is applied and what is pending',
    options: { check: { type: 'flag', summary: 'exit with 3 when migrations are pending' } },
    examples: [
      { line: 'migrate status', summary: 'the present state' },
      { line: 'migrate status --check', summary: 'for a pipeline: exit code 3 when something is pending' },
    ],
    load: () => import('./migrate-status.js'),
  },
  {
    path: ['migrate', 'current'],
    summary: 'the revisions that the database is at',
    options: {
      'check-heads': { type: 'flag', summary: 'exit with 3 unless the database is at all heads' },
    },
    examples: [
      { line: 'migrate current', summary: 'a line for each branch' },
      { line: 'migrate current --check-heads', summary: 'for a pipeline: is everything applied?' },
      { line: 'migrate current --verbose', summary: 'with parents, when and by whom' },
    ],
    load: () => import('./migrate-current.js'),
  },
  {
    path: ['migrate', 'history'],
    summary: 'the revisions as a graph, newest first, with their states',
    description:
      'Drawn on a terminal; elsewhere a line for each, "parents -> revision". Without a database, or when it cannot ' +
      'be reached, the files alone are shown. A range has a target at either end, which may be left out.',
    options: {
      range: {
        type: 'text',
        short: 'r',
        value: 'FROM:TO',
        dashed: true,
        summary: 'only these, both ends included: 20250915:, -2:, current:head, base:reports@head',
      },
      log: { type: 'flag', summary: 'also everything that was ever done, failures included' },
      'all-environments': {
        type: 'flag',
        summary: 'where every environment of the configuration is',
      },
    },
    examples: [
      { line: 'migrate history', summary: 'the graph' },
      { line: 'migrate history -r -2:', summary: 'from two below the database on' },
      { line: 'migrate history --verbose', summary: 'with parents, files, when and by whom' },
      { line: 'migrate history --log', summary: 'the log of all operations' },
      { line: 'migrate history --all-environments', summary: 'which environment is how far' },
    ],
    load: () => import('./migrate-history.js'),
  },
  {
    path: ['migrate', 'show'],
    summary: 'one migration: its place, state and SQL',
    arguments: [
      { name: 'REVISION', summary: 'its revision or the beginning of it, or head', required: true },
    ],
    examples: [{ line: 'migrate show 20250915195954', summary: 'both directions of it' }],
    load: () => import('./migrate-show.js'),
  },
  {
    path: ['migrate', 'heads'],
    summary: 'the revisions on which none follows',
    options: { check: { type: 'flag', summary: 'exit with 3 when there are several' } },
    examples: [
      { line: 'migrate heads', summary: 'one, as a rule' },
      { line: 'migrate heads --check', summary: 'for a pipeline: do two migrations follow the same one?' },
    ],
    load: () => import('./migrate-heads.js'),
  },
  {
    path: ['migrate', 'branches'],
    summary: 'the revisions on which several follow, and the branch labels',
    examples: [{ line: 'migrate branches', summary: 'where the lines part' }],
    load: () => import('./migrate-branches.js'),
  },
];
