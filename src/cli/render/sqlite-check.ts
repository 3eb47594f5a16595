import type { SqliteCheck } from '../../sqlite/check-database.js';
import type { Style } from '../style.js';

export function renderSqliteCheck(target: string, check: SqliteCheck, style: Style): string {
  const facts: [string, string][] = [
    ['database', `${target}, ${check.bytes} bytes`],
    ['engine', check.version],
    ['journal', check.journalMode],
    ['integrity', check.integrity.length === 0 ? 'ok' : 'damaged'],
    ['foreign keys', check.orphans.length === 0 ? 'ok' : 'violated'],
    ...check.files.map(({ suffix, bytes }): [string, string] => ['beside it', `${suffix}, ${bytes} bytes`]),
    ...check.required.map(({ object, exists }): [string, string] => [
      'required',
      `${object}: ${exists ? 'there' : 'missing'}`,
    ]),
  ];
  const width = Math.max(...facts.map(([name]) => name.length));
  const lines = facts.map(([name, value]) => `${style.dim(name.padEnd(width))}  ${value}`);
  const verdict =
    check.problems.length === 0
      ? [style.green('ok: the database is fit for migrations')]
      : check.problems.map((problem) => `${style.red('problem:')} ${problem}`);
  const hints = check.orphans.flatMap(({ query, suggestion }) => [
    `${style.cyan('hint:')} see them with: ${query}`,
    `${style.cyan('hint:')} ${suggestion}`,
  ]);
  return [...lines, '', ...verdict, ...hints].join('\n');
}
