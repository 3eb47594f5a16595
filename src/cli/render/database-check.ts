import type { BusySession, DatabaseCheck } from '../../postgres/check-database.js';
import type { ErrorReport } from '../errors.js';
import type { Style } from '../style.js';

export function renderCheck(target: string, check: DatabaseCheck, style: Style): string {
  const { privileges, problems } = check;
  const facts: [string, string][] = [
    ['database', `${check.database} at ${target}`],
    ['server', `${check.version}, ${check.encoding}${check.encrypted ? ', encrypted connection' : ''}`],
    ['user', `${check.user}${check.superuser ? ' (superuser)' : ''}`],
    ['search_path', check.searchPath.join(', ') || 'nothing that exists'],
    [
      'may create',
      [
        `in ${check.searchPath[0] ?? 'a schema'}: ${yesNo(privileges.createInSchema === true)}`,
        `schemas: ${yesNo(privileges.createInDatabase)}`,
        `databases: ${yesNo(privileges.createDatabase)}`,
      ].join(', '),
    ],
    ['extensions', check.extensions.map(({ name, version }) => `${name} ${version}`).join(', ') || 'none'],
    ...check.required.map(({ object, exists }): [string, string] => [
      'required',
      `${object}: ${exists ? 'there' : 'missing'}`,
    ]),
    ...check.sessions.map((session): [string, string] => ['busy', describeSession(session)]),
  ];
  const width = Math.max(...facts.map(([name]) => name.length));
  const lines = facts.map(([name, value]) => `${style.dim(name.padEnd(width))}  ${value}`);
  const verdict =
    problems.length === 0
      ? [style.green('ok: the database is fit for migrations')]
      : problems.map((problem) => `${style.red('problem:')} ${problem}`);
  return [...lines, '', ...verdict].join('\n');
}

export function renderUnreachable(target: string, error: ErrorReport, style: Style): string {
  return [
    `${style.red('problem:')} ${target} cannot be used: ${error.message}`,
    ...error.hints.map((hint) => `${style.cyan('hint:')} ${hint}`),
  ].join('\n');
}

function describeSession({
  pid,
  user,
  application,
  state,
  transactionSeconds,
  locks,
  blocks,
}: BusySession): string {
  return [
    `process ${pid} (${[user, application].filter(Boolean).join(', ')}) ${state}, transaction open for ${transactionSeconds} s`,
    locks.length > 0 && `holds ${locks.join(', ')}`,
    blocks.length > 0 && `holds up ${blocks.join(', ')}`,
  ]
    .filter(Boolean)
    .join('; ');
}

function yesNo(value: boolean): string {
  return value ? 'yes' : 'no';
}
