import { relative } from 'node:path';
import type { ImportOutcome } from '../../importing/import-outcome.js';
import type { Style } from '../style.js';

/** Where and how an import is told. */
export interface ImportView {
  readonly cwd: string;
  /** The database; undefined when none was asked. */
  readonly label: string | undefined;
  readonly style: Style;
  /** The schema file to be filled, when the wanted schema says nothing yet. */
  readonly unwritten: string | undefined;
}

/** What an import did, for people: files, records, differences, and what to do next. */
export function renderImportResult(
  result: ImportOutcome,
  { cwd, label, style, unwritten }: ImportView,
): string {
  const folder = relative(cwd, result.folder) || '.';
  return [
    ...fileLines(result, folder),
    ...recordLines(result, label),
    ...differenceLines(result, style),
    ...(result.exclude.length > 0 && result.recorded !== null
      ? [
          `The table of ${result.tool} stays; to keep it out of every comparison: exclude: [${result.exclude.map((pattern) => `'${pattern}'`).join(', ')}]`,
        ]
      : []),
    ...(unwritten === undefined || result.dryRun
      ? []
      : [
          `Then write down the schema that they make: tidemark schema inspect migrations:${folder} > ${unwritten}`,
        ]),
  ].join('\n');
}

function fileLines({ revisions, wrote, dryRun, tool }: ImportOutcome, folder: string): string[] {
  const written = revisions.filter(({ file }) => file !== null);
  const downs = written.filter(({ downFile }) => downFile !== null).length;
  if (written.length === 0) {
    const adopted = `${folder} stays where it is, ${count(revisions.length, 'migration')}: Tidemark keeps atlas.sum right from now on`;
    return [wrote ? adopted : `${folder} is kept by both tools already`];
  }
  const what = `${count(written.length, 'migration')} of ${tool}, ${downs} with a way down`;
  if (!wrote) return [`${folder} has the ${what} already; no file was written`];
  const lines = written.map(({ file, source }) => `  ${file}  <- ${shortSource(source)}`);
  return dryRun ? [`would write ${what}, to ${folder}:`, ...lines] : [`wrote ${what}, to ${folder}`];
}

function shortSource(source: string): string {
  return source.split(/[\\/]/).slice(-2).join('/');
}

function recordLines(
  { recorded, revisions, dryRun, tool }: ImportOutcome,
  label: string | undefined,
): string[] {
  if (label === undefined) {
    return [
      'nothing was recorded: no database was asked; run it again with --env or --url to record what is applied there',
    ];
  }
  if (recorded === null)
    return [`${label} has no table of ${tool}: nothing is applied there, nothing was recorded`];
  const pending = revisions.filter(({ applied }) => applied === false).map(({ revision }) => revision);
  const done = `${dryRun ? 'would record' : 'recorded'} ${count(recorded.revisions.length, 'migration')} as applied in ${label}, as ${recorded.table} says`;
  return [
    recorded.revisions.length === 0 && recorded.already.length > 0
      ? `${label} has ${recorded.already.length === 1 ? 'the one applied migration' : `all ${recorded.already.length} applied migrations`} on record already`
      : `${done}${recorded.already.length > 0 ? ` (${recorded.already.length} were on record)` : ''}`,
    ...(pending.length > 0 ? [`pending there: ${pending.join(', ')}; "tidemark migrate up" runs them`] : []),
  ];
}

function differenceLines({ differences }: ImportOutcome, style: Style): string[] {
  if (differences === null) return [];
  if (differences.length === 0) return ['the database is what these migrations make'];
  return [
    style.yellow('the database is not what these migrations make; it has, besides:'),
    ...differences.map((line) => `  ${line}`),
    'A new migration can say the same: put it into schema.sql, then "tidemark migrate diff".',
  ];
}

function count(number: number, word: string): string {
  return `${number} ${word}${number === 1 ? '' : 's'}`;
}
