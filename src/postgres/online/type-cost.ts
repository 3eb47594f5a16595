import { propsOf, type RenderContext } from '../../schema/kind.js';
import { partsOf } from '../../schema/lookup.js';
import type { Schema, SchemaObject } from '../../schema/object.js';
import type { ColumnProps } from '../kinds/column-definition.js';

/**
 * What ALTER COLUMN … TYPE does to a table, the same on PostgreSQL 13 to 18: `nothing` beside the catalog, building
 * `indexes` on the column again, or writing every row anew (`rewrite`).
 */
export type TypeCost = 'nothing' | 'indexes' | 'rewrite';

/** What it costs to give a column its new type and collation. */
export function typeChangeCost(
  before: SchemaObject,
  after: SchemaObject,
  { from, to, conversions }: Pick<RenderContext, 'from' | 'to' | 'conversions'>,
): TypeCost {
  // Whatever somebody said is computed for every row.
  if (conversions?.has(after.id)) return 'rewrite';
  const old = propsOf<ColumnProps>(before);
  const next = propsOf<ColumnProps>(after);
  if (old.type === next.type) return old.collation === next.collation ? 'nothing' : 'indexes';
  const [plain, wanted] = [withoutDomain(before, from), withoutDomain(after, to)];
  // Nobody knows the size of a domain's values any more, so they are measured.
  const measured = plain.type !== old.type && parse(wanted.type).sizes.length > 0;
  if (wanted.checks || measured) return 'rewrite';
  const cost = costBetween(parse(plain.type), parse(wanted.type));
  return cost === 'nothing' && old.collation !== next.collation ? 'indexes' : cost;
}

interface PlainType {
  readonly name: string;
  /** What stands in parentheses. */
  readonly sizes: readonly number[];
  /** `[]` for an array. */
  readonly array: string;
}

function parse(type: string): PlainType {
  const array = /(?:\[\])*$/.exec(type)?.[0] ?? '';
  const element = type.slice(0, type.length - array.length);
  const sizes = /\(([\d, -]+)\)/.exec(element)?.[1]?.split(',').map(Number) ?? [];
  return { name: element.replace(/\([\d, -]+\)/, ''), sizes, array };
}

function costBetween(old: PlainType, next: PlainType): TypeCost {
  if (old.array !== next.array) return 'rewrite';
  const same = old.name === next.name;
  const unlimited = next.sizes.length === 0;
  // The elements of an array are converted one by one as soon as they have a limit.
  if (old.array !== '') return same && unlimited ? 'nothing' : 'rewrite';
  if (same) return sameOrWider(old, next);
  const pair = `${old.name} > ${next.name}`;
  if (unlimited && UNLIMITED.has(pair)) return 'nothing';
  return REINDEXED.has(pair) && unlimited ? 'indexes' : 'rewrite';
}

const UNLIMITED = new Set([
  'character varying > text',
  'text > character varying',
  'bit > bit varying',
  'cidr > inet',
  'xml > text',
  'xml > character varying',
  'oid > integer',
  'oid > regclass',
]);
const REINDEXED = new Set(['integer > oid', 'character varying > bpchar', 'text > bpchar']);

/** The same type with another size. */
function sameOrWider({ name, sizes: old }: PlainType, { sizes: next }: PlainType): TypeCost {
  if (old.join() === next.join()) return 'nothing';
  const [size = Number.POSITIVE_INFINITY, scale = 0] = old;
  const [wanted = Number.POSITIVE_INFINITY, wantedScale = 0] = next;
  if (name === 'character varying' || name === 'bit varying') return wanted >= size ? 'nothing' : 'rewrite';
  if (name === 'numeric') {
    return next.length === 0 || (old.length > 0 && wanted >= size && wantedScale === scale)
      ? 'nothing'
      : 'rewrite';
  }
  // 6 digits are all there are.
  if (/^(time|timestamp|interval)\b/.test(name)) {
    return Math.min(wanted, 6) >= Math.min(size, 6) ? 'nothing' : 'rewrite';
  }
  return 'rewrite';
}

/** What a domain is over, and whether a value would have to be checked. */
function withoutDomain(
  column: SchemaObject,
  schema: Schema,
): { readonly type: string; readonly checks: boolean } {
  let object = column;
  let checks = false;
  for (;;) {
    const type = String(object.props.type);
    const domain = object.dependsOn
      .flatMap((id) => (id === object.parent ? [] : (schema.objects.get(id) ?? [])))
      .find(({ kind }) => kind === 'domain');
    if (domain === undefined || type.endsWith('[]')) return { type, checks };
    checks ||=
      domain.props.notNull === true ||
      partsOf(schema, domain.id).some(({ kind }) => kind === 'domain-constraint');
    object = domain;
  }
}
