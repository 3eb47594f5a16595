import type { Command } from '../command.js';

const dryRun = {
  type: 'flag',
  summary: 'prove it and show what would be written, write nothing',
} as const;

/** The commands of `tidemark migrate` that change how the migrations hang together. */
export const rewritingCommands: readonly Command[] = [
  {
    path: ['migrate', 'merge'],
    summary: 'join several heads with a migration that follows them all',
    description:
      'Proves on a dev database that the lines end in the same schema in whatever order they run, and lead back; ' +
      'else says what conflicts and writes nothing. Rows are not seen.',
    arguments: [{ name: 'REVISION', summary: 'the heads to join; default all', several: true }],
    options: {
      name: { type: 'text', value: 'NAME', summary: 'for the file name', default: 'merge' },
      branch: { type: 'text', value: 'LABEL', summary: 'the label of the line that begins with it' },
      revision: { type: 'text', value: 'ID', summary: 'its id; default the time' },
      'dry-run': dryRun,
    },
    examples: [
      { line: 'migrate merge', summary: 'after two branches came together' },
      { line: 'migrate merge reports@head billing@head', summary: 'two of several' },
    ],
    load: () => import('./migrate-merge.js'),
  },
  {
    path: ['migrate', 'rebase'],
    summary: 'move migrations that are not applied yet after those that came in',
    description:
      'Gives the files new revisions at the end of the folder and proves them there, up and down, on a dev ' +
      "database. Without REVISION it moves what the environment's database shows to be yours: what is pending " +
      'before applied migrations, or the one line of which nothing is applied.',
    arguments: [
      { name: 'REVISION', summary: 'a line to move, by its head or any revision of it', several: true },
    ],
    options: {
      onto: {
        type: 'text',
        value: 'REVISION',
        summary: 'what they are to follow; default the head of the rest',
      },
      'dry-run': dryRun,
    },
    examples: [
      { line: 'migrate rebase', summary: 'mine after what my colleagues have merged' },
      { line: 'migrate rebase reports@head', summary: 'this line goes after the other' },
      { line: 'migrate rebase 20250915195954 --dry-run', summary: 'show what it would come to' },
    ],
    load: () => import('./migrate-rebase.js'),
  },
  {
    path: ['migrate', 'squash'],
    summary: 'make one migration of many',
    description:
      'The schema difference between the two ends, proven both ways. What changes data or is no schema stops it ' +
      'with a list; --keep-statements puts the texts together instead. The originals move to the subfolder ' +
      '"squashed": databases that have some of them go on with them.',
    arguments: [
      { name: 'RANGE', summary: 'FROM:TO, both included; base and head may be left out', required: true },
    ],
    options: {
      name: { type: 'text', value: 'NAME', summary: 'for the file name', default: 'squash' },
      'keep-statements': {
        type: 'flag',
        summary: 'put the texts together as they are, data changes included',
      },
      rename: {
        type: 'list',
        value: 'OLD=NEW',
        summary: 'a rename among them, not a drop and a create: users.nick=users.nickname',
      },
      'not-renamed': { type: 'list', value: 'OLD', summary: 'no rename: OLD goes with its data' },
      using: {
        type: 'list',
        value: 'COLUMN=EXPR',
        summary: 'what becomes of values that no cast suits, from the first of them to the last',
      },
      'dry-run': dryRun,
    },
    examples: [
      { line: 'migrate squash :20250915195954', summary: 'everything up to that revision' },
      { line: 'migrate squash 20250901120000:head --name billing', summary: 'a feature as one migration' },
      { line: 'migrate squash 0003:0007 --keep-statements', summary: 'with the data changes among them' },
    ],
    load: () => import('./migrate-squash.js'),
  },
];
