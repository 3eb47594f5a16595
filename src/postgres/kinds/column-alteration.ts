import { sameValue } from '../../schema/equal.js';
import {
  type Conversion,
  type Hazard,
  propsOf,
  type RenderContext,
  type Rendered,
} from '../../schema/kind.js';
import type { SchemaObject } from '../../schema/object.js';
import { followsParent } from '../attachments.js';
import { plainRelationOf, qualified, quoteIdent } from '../identifiers.js';
import { postgresKind } from '../kind-registry.js';
import { aboutOne } from '../plain-words.js';
import { inheritedFrom, isForeign } from '../table-parts.js';
import { alterColumn, alterColumnOnly, type ColumnProps, identityClause } from './column-definition.js';
import { columnsBelow } from './columns-below.js';
import { conversionNotes, dependsOnZone, losesValues } from './lost-values.js';
import { FORGOTTEN } from './numbering.js';
import { sequenceChanges } from './sequence-definition.js';
import { parameterChanges } from './storage-parameters.js';
import { baseType, conversion, isKnownConversion } from './type-conversion.js';

/** True when the column's values have to be written in another form. */
export function changesType(changed: readonly string[]): boolean {
  return changed.includes('type') || changed.includes('collation');
}

/**
 * The statements that make one form of a column of the other, in an order the server accepts, or `replace`
 * where none do: a plain column cannot become generated.
 */
export function alterColumnStatements(
  before: SchemaObject,
  after: SchemaObject,
  context: RenderContext,
): Rendered | 'replace' {
  const old = propsOf<ColumnProps>(before);
  const next = propsOf<ColumnProps>(after);
  const generation = generationChange(old, next);
  if (generation === 'replace') return 'replace';
  const retyped = old.type !== next.type || old.collation !== next.collation;
  // One that is not to be checked is added by itself.
  const special = context.to.objects.get(`not-null-constraint${after.id.slice('column'.length)}`);
  const becomesNotNull = next.notNull && !old.notNull && special?.props.validated !== false;
  const clauses = [
    ...generation,
    ...(old.identity !== null && next.identity === null ? ['DROP IDENTITY'] : []),
    ...(old.notNull && !next.notNull ? ['DROP NOT NULL'] : []),
    ...(retyped ? [typeChange(before, after, context)] : []),
    ...(becomesNotNull ? ['SET NOT NULL'] : []),
    ...identityChanges(old, next, after),
  ];
  const settings = settingChanges(before, next, retyped);
  const subject = `${plainRelationOf(after)}.${after.name}`;
  const hazards: Hazard[] = [];
  const [was, becomes] = [baseType(before, context.from).type, baseType(after, context.to).type];
  // What is computed is computed anew.
  const notes =
    old.type !== next.type && next.generated === null ? conversionNotes(was, becomes, subject) : [];
  if (old.type !== next.type && next.generated === null && losesValues(was, becomes)) {
    hazards.push({
      code: 'change-type',
      level: 'data-loss',
      subject,
      message: `values of ${subject} are cut to fit ${next.type}`,
    });
  } else if (isGuess(before, after, context)) {
    hazards.push({
      code: 'change-type',
      level: 'may-fail',
      subject,
      message: `no cast leads from ${old.type} to ${next.type}: the values of ${subject} are read from their texts, which few fit`,
    });
  } else if (old.type !== next.type && !isWidening(old.type, next.type) && !dependsOnZone(was, becomes)) {
    hazards.push({
      code: 'change-type',
      level: 'may-fail',
      subject,
      message: `a value of ${subject} that does not fit ${next.type} stops the change`,
    });
  }
  hazards.push(...notes);
  if (becomesNotNull) {
    hazards.push({
      code: 'set-not-null',
      level: 'may-fail',
      subject,
      message: `column ${subject} cannot become NOT NULL while a row has no value there`,
    });
  }
  if (old.identity !== null && next.identity === null) {
    hazards.push({
      code: FORGOTTEN,
      level: 'data-loss',
      subject,
      message: `where the numbering of ${subject} stands is forgotten`,
    });
  }
  return {
    sql: [
      ...clauses.map((clause) => `${alterColumn(after)} ${clause}`),
      ...sequenceRename(before, after),
      ...settings.map((clause) => `${alterColumnOnly(after, context)} ${clause}`),
    ],
    summary: aboutOne(`column ${subject}`, phrases(old, next)),
    hazards,
  };
}

/** True when nobody has said what becomes of the values, and nobody can know. */
function isGuess(before: SchemaObject, after: SchemaObject, context: RenderContext): boolean {
  return (
    columnConversion(before, after, context)?.known === false && context.conversions?.has(after.id) !== true
  );
}

/** What changes, in words. */
function phrases(old: ColumnProps, next: ColumnProps): ((column: string) => string)[] {
  const found: [boolean, (column: string) => string][] = [
    [
      old.generated !== null && next.generated === null,
      (column) => `let ${column} keep its computed values as its own`,
    ],
    [old.type !== next.type, (column) => `change the type of ${column} to ${next.type}`],
    [
      old.type === next.type && old.collation !== next.collation,
      (column) => `change the collation of ${column} to ${next.collation ?? 'that of its type'}`,
    ],
    [
      old.notNull !== next.notNull,
      (column) => (next.notNull ? `make ${column} NOT NULL` : `allow nulls in ${column}`),
    ],
    [old.identity === null && next.identity !== null, (column) => `make ${column} an identity column`],
    [old.identity !== null && next.identity === null, (column) => `make ${column} a column without identity`],
    [
      old.identity !== null && next.identity !== null && !sameValue(old.identity, next.identity),
      (column) => `change how the identity of ${column} counts`,
    ],
    [
      old.storage !== next.storage || old.compression !== next.compression,
      (column) => `change how ${column} is stored`,
    ],
    [
      old.statistics !== next.statistics || !sameValue(old.options, next.options),
      (column) => `change the statistics of ${column}`,
    ],
  ];
  return found.flatMap(([changes, phrase]) => (changes ? [phrase] : []));
}

/** SET EXPRESSION came with PostgreSQL 17, and a migration is to run on every version. */
function generationChange(old: ColumnProps, next: ColumnProps): string[] | 'replace' {
  if (sameValue(old.generated, next.generated)) return [];
  return old.generated?.stored === true && next.generated === null ? ['DROP EXPRESSION'] : 'replace';
}

/** What becomes of a column's values where its type changes and they are not computed. */
export function columnConversion(
  before: SchemaObject,
  after: SchemaObject,
  context: RenderContext,
): Conversion | undefined {
  const old = propsOf<ColumnProps>(before);
  const next = propsOf<ColumnProps>(after);
  if (old.type === next.type || next.generated !== null) return undefined;
  if (isForeign(context.to.objects.get(after.parent!))) return undefined;
  if (generationChange(old, next) === 'replace' || followsParent(after, context)) return undefined;
  return { from: old.type, to: next.type, known: isKnownConversion(before, after, context) };
}

function typeChange(before: SchemaObject, after: SchemaObject, context: RenderContext): string {
  const { type, collation, generated } = propsOf<ColumnProps>(after);
  const collate = collation === null ? '' : ` COLLATE ${collation}`;
  // The values of a generated column are computed again, those of a foreign table are not here; USING is refused.
  const foreign = isForeign(context.to.objects.get(after.parent!));
  const value =
    generated === null && !foreign
      ? (context.conversions?.get(after.id) ?? conversion(quoteIdent(after.name), before, after, context))
      : undefined;
  return `TYPE ${type}${collate}${value === undefined ? '' : ` USING ${value}`}`;
}

function identityChanges(old: ColumnProps, next: ColumnProps, after: SchemaObject): string[] {
  if (next.identity === null) return [];
  if (old.identity === null) return [`ADD ${identityClause(next.identity, after.schema)}`];
  const changes = [
    ...(old.identity.always === next.identity.always
      ? []
      : [`SET GENERATED ${next.identity.always ? 'ALWAYS' : 'BY DEFAULT'}`]),
    ...sequenceChanges(old.identity, next.identity).map((change) =>
      change === 'RESTART' ? change : `SET ${change}`,
    ),
  ];
  return changes.length === 0 ? [] : [changes.join(' ')];
}

/** The sequence of an identity column has a name that somebody may use. */
function sequenceRename(before: SchemaObject, after: SchemaObject): string[] {
  const old = propsOf<ColumnProps>(before).identity;
  const next = propsOf<ColumnProps>(after).identity;
  if (old === null || next === null || old.name === next.name) return [];
  const sequence = qualified(after.schema, String(before.info.sequence));
  return [`ALTER SEQUENCE ${sequence} RENAME TO ${quoteIdent(String(after.info.sequence))}`];
}

/** A new type brings its own storage and no compression, so both are said again after it. */
function settingChanges(before: SchemaObject, next: ColumnProps, retyped: boolean): string[] {
  const old = propsOf<ColumnProps>(before);
  const storage = retyped ? null : old.storage;
  const compression = retyped ? null : old.compression;
  // SET STORAGE DEFAULT came with PostgreSQL 16, so the type's own is named.
  const wanted = next.storage ?? String(before.info.typeStorage);
  return [
    ...(storage === next.storage ? [] : [`SET STORAGE ${wanted.toUpperCase()}`]),
    ...(compression === next.compression ? [] : [`SET COMPRESSION ${next.compression ?? 'default'}`]),
    ...(old.statistics === next.statistics ? [] : [`SET STATISTICS ${next.statistics ?? -1}`]),
    ...parameterChanges(old.options, next.options),
  ];
}

/**
 * Says which dependents must go while the type changes: those the server refuses it for (views, generated
 * columns), the default, whose cast would not be what was asked for, foreign keys between types that do not
 * compare, and whatever is replaced anyway, so that the server does not rebuild the old form in vain, or
 * fails to.
 */
export function disturbedByTypeChange(
  before: SchemaObject,
  after: SchemaObject,
  context: RenderContext,
): (dependent: SchemaObject) => boolean {
  const old = propsOf<ColumnProps>(before);
  const next = propsOf<ColumnProps>(after);
  const changed = new Set([after.id, ...columnsBelow(after, context)]);
  const comparable = sameFamily(old.type, next.type);
  return (dependent) => {
    if (dependent.kind === 'default') return changed.has(dependent.parent ?? '');
    // Where a sequence stands must survive: it is altered on its own, before or after.
    if (dependent.kind === 'sequence') return false;
    if (dependent.kind === 'column') {
      return ![dependent.id, ...inheritedFrom(dependent)].some((id) => changed.has(id));
    }
    if (dependent.kind === 'constraint' && dependent.props.type === 'foreign key' && !comparable) return true;
    if (postgresKind(dependent.kind).blocksColumnTypeChange === true) return true;
    const wanted = context.to.objects.get(dependent.id);
    return wanted !== undefined && !sameValue(dependent.props, wanted.props);
  };
}

const FAMILIES: readonly RegExp[] = [
  /^(smallint|integer|bigint|numeric(\(.*\))?)$/,
  /^(text|character varying(\(\d+\))?|character(\(\d+\))?)$/,
];

/** True when a foreign key between columns of the two types would stand. */
function sameFamily(a: string, b: string): boolean {
  return a === b || FAMILIES.some((family) => family.test(a) && family.test(b));
}

const INTEGERS = ['smallint', 'integer', 'bigint'];

/** True when every value of the old type is a value of the new one. */
function isWidening(from: string, to: string): boolean {
  if (from.endsWith('[]') && to.endsWith('[]')) return isWidening(from.slice(0, -2), to.slice(0, -2));
  if (to === 'text' || to === 'character varying') return true;
  const size = (type: string) => INTEGERS.indexOf(type);
  if (size(from) >= 0) return size(to) > size(from) || to === 'numeric';
  if (from.startsWith('numeric') && to === 'numeric') return true;
  if (from === 'real' && to === 'double precision') return true;
  if (from === 'date' && to.startsWith('timestamp')) return true;
  const [, fromName, fromSize, fromScale] = SIZED.exec(from) ?? [];
  const [, toName, toSize, toScale] = SIZED.exec(to) ?? [];
  if (fromName === undefined || fromName !== toName) return false;
  const [scale, wantedScale] = [Number(fromScale ?? 0), Number(toScale ?? 0)];
  return wantedScale >= scale && Number(toSize) - wantedScale >= Number(fromSize) - scale;
}

const SIZED = /^(character varying|character|numeric|bit varying)\((\d+)(?:,(\d+))?\)$/;
