import { type ShownMigration, showMigrations } from '../../migrations/show-migrations.js';
import type { Outcome } from '../command.js';
import type { Context } from '../context.js';
import { stepName } from '../migrate-events.js';
import { oneLine } from '../render/one-line.js';
import { markWords } from '../render/revision-line.js';
import type { Style } from '../style.js';

/** The migrations that a target means: place, state where a database is named, and SQL in both directions. */
export async function run(context: Context): Promise<Outcome> {
  const { url } = await context.environment();
  const folder = await context.migrations();
  const asked = context.required('REVISION');
  // Showing a file must work without its database too.
  const connection = url ? await context.openTarget('refuse').catch(() => undefined) : undefined;
  const shown = await showMigrations(connection, folder, asked);
  const [only] = shown;
  return {
    result: { ...(shown.length === 1 ? only : {}), revisions: shown },
    text: shown.map((migration) => render(migration, context.output.style)).join('\n\n'),
  };
}

function render(shown: ShownMigration, { bold, dim }: Style): string {
  const { parents, children, dependsOn, neededBy, branches, state, up, down, downText } = shown;
  const list = (ids: readonly string[]) => ids.join(', ');
  const when =
    shown.appliedAt === null ? '' : ` at ${shown.appliedAt} by ${shown.appliedBy ?? 'nobody known'}`;
  const some = (name: string, ids: readonly string[]): [string, string][] =>
    ids.length > 0 ? [[name, list(ids)]] : [];
  const facts: [string, string][] = [
    ['revision', [shown.revision, ...markWords(shown)].join(' ')],
    ['name', shown.name],
    parents.length > 1 ? ['merges', list(parents)] : ['parent', list(parents) || 'none: it begins a line'],
    ...some('depends on', dependsOn),
    ...some(children.length > 1 ? 'branches into' : 'followed by', children),
    ...some('needed by', neededBy),
    ...some('branch', branches),
    ['path', shown.path ?? 'no file here'],
    ...(shown.checksum === null ? [] : ([['checksum', shown.checksum]] as [string, string][])),
    ...(state === null ? [] : ([['state', `${state}${when}`]] as [string, string][])),
  ];
  return [
    ...facts.map(
      ([name, value]) => `${name.padEnd(15)}${name === 'revision' ? bold(oneLine(value)) : oneLine(value)}`,
    ),
    '',
    ...(up === null ? [] : [dim(`-- ${oneLine(stepName(shown))}, up`), up.trimEnd(), '']),
    dim('-- down'),
    downText?.trimEnd() ?? otherDown[down ?? 'nowhere'],
  ].join('\n');
}

/** Where a reverse is that has no file of its own. */
const otherDown = {
  file: '(downgrade, in the same file)',
  database: '(its text is kept in the database)',
  nowhere: '(none)',
};
