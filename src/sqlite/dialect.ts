import type { Dialect } from '../schema/dialect.js';
import { makeSchema } from '../schema/object.js';
import { frame } from './frame.js';
import { SQLITE_KINDS } from './kinds/index.js';
import { readSchema } from './read-schema.js';
import { splitScript } from './split-script.js';

const byName = new Map(SQLITE_KINDS.map((kind) => [kind.name, kind]));

/** SQLite. What its engine can do is asked of the version a schema was read from. */
export const sqliteDialect: Dialect = {
  name: 'sqlite',
  readSchema,
  newDatabase: (engineVersion) => makeSchema('sqlite', engineVersion, []),
  kinds: SQLITE_KINDS.map(({ name }) => name),
  kind(name) {
    const kind = byName.get(name);
    if (kind === undefined) throw new Error(`no SQLite object kind is named ${name}`);
    return kind;
  },
  splitScript,
  // SQLite has no extensions that SQL could ask for.
  missingPrerequisite: () => undefined,
  // It keeps the text of each statement as it was written.
  sections: [
    { name: 'tables', title: 'Tables', kinds: ['table', 'virtual-table'] },
    { name: 'views', title: 'Views', kinds: ['view'] },
  ],
  sameReading: () => true,
  frame: (steps) => frame(steps),
};
