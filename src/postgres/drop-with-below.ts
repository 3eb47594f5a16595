import type { SchemaObject } from '../schema/object.js';
import { followersOf } from './attachments.js';
import { parentsOf } from './inheriting.js';
import { type BothStates, inheritedFrom } from './table-parts.js';

/**
 * The statements that drop a part of a table, and those that go with it in the tables below, which hang on it all the
 * time. Where one of them keeps it as its own, or had it on its own account too, each is asked for by name.
 */
export function dropWithBelow(
  part: SchemaObject,
  context: BothStates & { readonly folded: readonly SchemaObject[] },
  write: (part: SchemaObject, only: boolean) => string,
): string[] {
  const { from, to, folded } = context;
  const tables = followersOf(part.parent!, context);
  const below = folded
    .filter(({ kind, parent, name }) => kind === part.kind && parent !== part.parent && name === part.name)
    .sort((a, b) => tables.lastIndexOf(a.parent!) - tables.lastIndexOf(b.parent!));
  const prefix = part.id.indexOf(':');
  const isKeptAsOwn = (table: string): boolean => {
    const id = `${part.kind}${table.slice(table.indexOf(':'))}${part.id.slice(prefix + part.parent!.slice(part.parent!.indexOf(':')).length)}`;
    const [before, after] = [from.objects.get(id), to.objects.get(id)];
    return (
      before !== undefined &&
      after !== undefined &&
      before.info.local !== true &&
      inheritedFrom(before).length > 0 &&
      inheritedFrom(after).length === 0
    );
  };
  // A check that is NOT VALID is handed on only to tables that inherit already: to those that are made after it, as where
  // a database is built again, it was given on their own account.
  const mayBeOwn = ({ id, info, props, parent }: SchemaObject): boolean =>
    info.local === true ||
    ([props, to.objects.get(id)?.props].some((known) => known?.validated === false) &&
      parentsOf(from, parent!).length > 0);
  return tables.some(isKeptAsOwn) || below.some(mayBeOwn)
    ? [part, ...below].map((one) => write(one, true))
    : [write(part, false)];
}
