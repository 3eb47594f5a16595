import type { Dialect, SchemaSection } from './dialect.js';
import type { Schema, SchemaObject } from './object.js';
import type { Plan, Step } from './plan.js';
import { comment, terminated } from './render-plan.js';

/** One part of a schema written down as SQL. */
export interface SchemaPart {
  /** `20_types`: parts run in the order of their names. */
  readonly name: string;
  readonly title: string;
  /** Ends with a newline. */
  readonly sql: string;
}

/**
 * Writes the plan that makes a schema from nothing as SQL for a person to keep: by sections, what belongs to a table
 * behind it, without a remark on every statement. Each section needs only itself and those before it, so a thing that
 * needs more than its own section may need stands in a later one. Empty sections are left out.
 */
export function schemaParts(plan: Plan, schema: Schema, dialect: Dialect): SchemaPart[] {
  const bySection = layOut(plan.steps, schema, dialect.sections);
  const ordered = bySection.flat();
  let at = 0;
  return bySection.flatMap((steps, index) => {
    const rest = ordered.slice(at);
    at += steps.length;
    if (steps.length === 0) return [];
    const { before, after } = dialect.frame(rest, schema, steps.length);
    const frame = (sql: readonly string[]) => (sql.length === 0 ? [] : [sql.map(terminated).join('\n')]);
    const blocks = [...frame(before), ...blocksOf(steps, schema), ...frame(after)];
    const { name, title } = dialect.sections[index]!;
    return [{ name: `${(index + 1) * 10}_${name}`, title, sql: `${blocks.join('\n\n')}\n` }];
  });
}

/** All parts in one text, each under its title. */
export function schemaText(parts: readonly SchemaPart[]): string {
  const [first, ...others] = parts;
  if (first !== undefined && others.length === 0) return first.sql;
  return parts.map(({ title, sql }) => `${comment(heading(title))}\n\n${sql}`).join('\n');
}

function heading(title: string): string {
  return `\n${title}\n`;
}

/** The steps of each section, in the order of the plan. */
function layOut(
  steps: readonly Step[],
  schema: Schema,
  sections: readonly SchemaSection[],
): readonly (readonly Step[])[] {
  const placeOf = new Map<string, number>();
  const laidOut: Step[][] = sections.map(() => []);
  for (const step of steps) {
    const needed = step.touches
      .flatMap((id) => schema.objects.get(id)?.dependsOn ?? [])
      .map((id) => placeOf.get(id) ?? 0);
    const earliest = Math.max(0, ...needed);
    const place = ownPlaces(rootOf(step.object, schema), sections).find((own) => own >= earliest) ?? earliest;
    for (const id of step.touches) placeOf.set(id, place);
    laidOut[place]!.push(step);
  }
  return laidOut;
}

/** The sections in which a kind of object may stand, first choice first. */
function ownPlaces(object: SchemaObject, sections: readonly SchemaSection[]): number[] {
  const places = sections.flatMap(({ kinds }, index) => (kinds.includes(object.kind) ? [index] : []));
  return places.length > 0 ? places : [sections.length - 1];
}

/** Statements about one thing stand together; single lines of one kind form a list. */
function blocksOf(steps: readonly Step[], schema: Schema): string[] {
  const blocks: string[] = [];
  let last: { readonly root: SchemaObject; readonly isLine: boolean } | undefined;
  for (const step of steps) {
    const root = rootOf(step.object, schema);
    const text = step.sql.map(terminated).join('\n');
    const isLine = !text.includes('\n');
    const joins =
      last !== undefined && (last.root === root || (last.isLine && isLine && last.root.kind === root.kind));
    if (joins) blocks.push(`${blocks.pop()}\n${text}`);
    else blocks.push(text);
    last = { root, isLine: isLine && last?.root !== root };
  }
  return blocks;
}

function rootOf(id: string, schema: Schema): SchemaObject {
  let root = schema.objects.get(id)!;
  while (root.parent !== null) {
    const parent = schema.objects.get(root.parent);
    if (parent === undefined) return root;
    root = parent;
  }
  return root;
}
