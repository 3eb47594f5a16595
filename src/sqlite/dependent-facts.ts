import type { Properties, SchemaObject } from '../schema/object.js';
import { idOf } from './ids.js';
import { foldName } from './names.js';
import { normalExpression, normalSql } from './normal-sql.js';
import { referencesOf } from './references.js';
import type { TableDefinition } from './table-definition.js';
import { columnsIn } from './table-facts.js';
import { TokenReader } from './token-reader.js';

/** Everything that has a name one can select from, by its folded name. */
export type Relations = ReadonlyMap<string, Relation>;

export interface Relation {
  readonly id: string;
  readonly name: string;
  /** The columns of a table, which are objects; undefined for views and virtual tables, whose columns are none. */
  readonly table?: TableDefinition;
}

/**
 * Not an object: what a definition needs that mentions a table which is not there. The engine refuses to
 * rename anything while such a definition exists, so it makes room like one that mentions the renamed table.
 */
export const MISSING = 'missing:relation';

/** An index made by CREATE INDEX. Throws DdlError. */
export function indexFact(sql: string, relations: Relations): SchemaObject | undefined {
  const reader = new TokenReader(sql);
  reader.expect('create');
  const unique = reader.accept('unique');
  reader.expect('index');
  reader.accept('if', 'not', 'exists');
  const name = reader.readQualifiedName();
  reader.expect('on');
  const table = relations.get(foldName(reader.readName()))?.table;
  if (!table) return undefined;
  const terms = readTerms(reader);
  const where = reader.accept('where') ? reader.readUntil(() => false) : null;
  const props = {
    unique,
    terms: terms.map(normalTerm),
    where: where === null ? null : normalExpression(where),
  };
  return {
    id: idOf('index', name),
    kind: 'index',
    name,
    schema: null,
    parent: idOf('table', table.name),
    props,
    info: { sql, owner: table.name, terms, whereSql: where },
    dependsOn: [
      idOf('table', table.name),
      ...[...terms, where ?? ''].flatMap((expression) => columnsIn(table, expression)),
    ],
  };
}

/** The terms of an index: a column or expression each, with what follows it. */
function readTerms(reader: TokenReader): string[] {
  reader.expect('(');
  const terms: string[] = [];
  do terms.push(reader.readUntil(() => reader.ahead(',') || reader.ahead(')')));
  while (reader.accept(','));
  reader.expect(')');
  return terms;
}

function normalTerm(term: string): string {
  return normalExpression(term).replace(/ ASC$/, '');
}

/** A view. Throws DdlError. */
export function viewFact(sql: string, relations: Relations): SchemaObject {
  const reader = new TokenReader(sql);
  reader.expect('create');
  reader.acceptAny(['temp', 'temporary']);
  reader.expect('view');
  reader.accept('if', 'not', 'exists');
  const name = reader.readQualifiedName();
  const definition = sql.slice(reader.offset);
  return fact(
    'view',
    name,
    null,
    sql,
    { definition: normalSql(definition) },
    needs(definition, relations, name),
  );
}

/** A trigger. Throws DdlError. */
export function triggerFact(sql: string, relations: Relations): SchemaObject | undefined {
  const reader = new TokenReader(sql);
  reader.expect('create');
  reader.acceptAny(['temp', 'temporary']);
  reader.expect('trigger');
  reader.accept('if', 'not', 'exists');
  const name = reader.readQualifiedName();
  const start = reader.offset;
  reader.readUntil(() => reader.ahead('on'));
  reader.expect('on');
  const owner = relations.get(foldName(reader.readQualifiedName()));
  if (!owner) return undefined;
  const definition = sql.slice(start);
  const dependsOn = [owner.id, ...needs(definition, relations, undefined, owner)];
  const props = { definition: normalExpression(definition).replace(' FOR EACH ROW ', ' ') };
  return { ...fact('trigger', name, owner.id, sql, props, dependsOn), info: { sql, owner: owner.name } };
}

/** A virtual table. What it keeps its data in is its module's affair. Throws DdlError. */
export function virtualTableFact(sql: string, relations: Relations): SchemaObject {
  const reader = new TokenReader(sql);
  reader.expect('create', 'virtual', 'table');
  reader.accept('if', 'not', 'exists');
  const name = reader.readQualifiedName();
  reader.expect('using');
  const module = reader.readName().toLowerCase();
  const given = reader.ahead('(') ? reader.readParenthesized() : '';
  const content = /\bcontent\s*=\s*(?:'([^']*)'|"([^"]*)"|\[([^\]]*)\]|([^\s,)]+))/i.exec(given);
  const source = relations.get(foldName(content?.slice(1).find(Boolean) ?? ''));
  const props = { name, module, arguments: normalSql(given) };
  const object = fact('virtual-table', name, null, sql, props, source ? [source.id] : []);
  return { ...object, info: { sql, content: source?.name ?? null } };
}

/** The ids that a view's or trigger's text needs. */
function needs(definition: string, relations: Relations, itself?: string, owner?: Relation): string[] {
  const { relations: mentioned, names } = referencesOf(definition);
  const ids: string[] = [];
  const found = owner ? [owner] : [];
  for (const name of mentioned) {
    const relation = relations.get(name);
    if (relation && name !== foldName(itself ?? '')) found.push(relation);
    // A trigger's NEW and OLD are no tables, and sqlite_schema and the functions with a table's face are always there.
    else if (
      !relation &&
      !/^(new|old|sqlite_.*|pragma_.*|json_each|json_tree|generate_series|dual)$/.test(name)
    )
      ids.push(MISSING);
  }
  for (const { id, table } of found) {
    ids.push(id);
    for (const column of table?.columns ?? []) {
      if (names.has(foldName(column.name))) ids.push(idOf('column', table!.name, column.name));
    }
  }
  return ids;
}

function fact(
  kind: string,
  name: string,
  parent: string | null,
  sql: string,
  props: Properties,
  dependsOn: readonly string[],
): SchemaObject {
  return { id: idOf(kind, name), kind, name, schema: null, parent, props, info: { sql }, dependsOn };
}
