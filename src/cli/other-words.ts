/** Words of Alembic, Atlas, Prisma, Flyway and their like, and the command of Tidemark that does the same. */
const WORDS: Readonly<Record<string, readonly string[]>> = {
  upgrade: ['migrate up'],
  apply: ['migrate up', 'schema apply'],
  deploy: ['migrate up'],
  latest: ['migrate up'],
  downgrade: ['migrate down'],
  rollback: ['migrate down'],
  undo: ['migrate down'],
  revision: ['migrate new', 'migrate diff'],
  create: ['migrate new', 'db create'],
  make: ['migrate new'],
  generate: ['migrate diff'],
  dev: ['migrate diff'],
  lint: ['migrate validate'],
  set: ['migrate stamp'],
  force: ['migrate stamp'],
  resolve: ['migrate stamp'],
  baseline: ['migrate up --baseline', 'migrate stamp'],
  info: ['migrate status'],
  list: ['migrate status'],
  checkpoint: ['migrate squash'],
  pull: ['schema inspect'],
  dump: ['schema inspect'],
  push: ['schema apply'],
};

/** What somebody who knows another tool means by a command that Tidemark has not; empty: nothing is known. */
export function knownElsewhere(path: readonly string[], group: string | undefined): readonly string[] {
  const word = path[group === undefined ? 0 : 1] ?? '';
  const meant = Object.hasOwn(WORDS, word) ? (WORDS[word] ?? []) : [];
  const within = meant.filter((command) => command.startsWith(`${group} `));
  return within.length > 0 ? within : meant;
}
