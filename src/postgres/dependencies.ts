import { CATALOG, FIRST_USER_OID } from './catalog-scope.js';

/**
 * pg_depend between the objects of users, one row for each pair of catalogs and type, its members as
 * parallel lists: five times smaller than a row for each. Left out are the triggers behind foreign keys,
 * what depends on an extension only to go with it, which is a fact of its own, and what hangs a table or index on
 * another one or a table on its type, which is one too or a property.
 */
export const DEPENDENCY_QUERY = `
    SELECT d.classid::int8 AS classid, d.refclassid::int8 AS refclassid, d.deptype AS type,
      array_agg(d.objid::int8) AS objids, array_agg(d.objsubid) AS objsubids,
      array_agg(d.refobjid::int8) AS refobjids, array_agg(d.refobjsubid) AS refobjsubids
    FROM pg_depend d
    WHERE d.objid >= ${FIRST_USER_OID} AND (d.refobjid >= ${FIRST_USER_OID} OR d.refclassid = ${CATALOG.pg_extension})
      AND NOT (d.classid = ${CATALOG.pg_trigger} AND d.refclassid = ${CATALOG.pg_constraint} AND d.deptype = 'i')
      AND d.deptype <> 'x'
      AND NOT (d.classid = ${CATALOG.pg_class} AND d.refclassid = ${CATALOG.pg_class} AND d.objsubid = 0
        AND d.refobjsubid = 0 AND (d.objid, d.refobjid) IN (SELECT i.inhrelid, i.inhparent FROM pg_inherits i))
      AND NOT (d.classid = ${CATALOG.pg_class} AND d.refclassid = ${CATALOG.pg_type} AND d.objsubid = 0
        AND (d.objid, d.refobjid) IN (SELECT c.oid, c.reloftype FROM pg_class c WHERE c.reloftype <> 0))
    GROUP BY d.classid, d.refclassid, d.deptype`;

export interface DependencyRow {
  readonly classid: number;
  readonly refclassid: number;
  readonly type: string;
  readonly objids: readonly number[];
  readonly objsubids: readonly number[];
  readonly refobjids: readonly number[];
  readonly refobjsubids: readonly number[];
}

/** Values by address in pg_depend's terms: catalog, OID, and column number or 0. */
class ByAddress<V> {
  // A list by column number: OIDs are small integers, which an address pressed into one number is not.
  readonly #catalogs = new Map<number, Map<number, (V | undefined)[]>>();

  /** The first to claim an address keeps it. */
  add(classid: number, objid: number, objsubid: number, value: V): void {
    let catalog = this.#catalogs.get(classid);
    if (catalog === undefined) {
      catalog = new Map();
      this.#catalogs.set(classid, catalog);
    }
    const parts = catalog.get(objid);
    if (parts === undefined) {
      const fresh: (V | undefined)[] = [];
      fresh[objsubid] = value;
      catalog.set(objid, fresh);
    } else parts[objsubid] ??= value;
  }

  at(classid: number, objid: number, objsubid: number): V | undefined {
    return this.#catalogs.get(classid)?.get(objid)?.[objsubid];
  }
}

/** Which object stands at an address. */
export class AddressBook extends ByAddress<string> {}

/**
 * Follows pg_depend from object to object and calls `edge` for each pair of managed objects of which the
 * first needs the second. What is no object of its own stands for the one it is a part of: a view's rule for
 * the view, the index behind a constraint for the constraint, an identity sequence or a generation
 * expression for the column, row and array types for their table or element, a column of a view for the
 * view, an extension's member for the extension.
 */
export function resolveDependencies(
  rows: readonly DependencyRow[],
  addresses: AddressBook,
  edge: (dependent: string, needed: string) => void,
): void {
  const owners = collectOwners(rows);
  const find = (classid: number, objid: number, objsubid: number): string | undefined => {
    let id = addresses.at(classid, objid, objsubid);
    if (id === undefined && objsubid !== 0) id = addresses.at(classid, objid, 0);
    // Chains are short (array type, row type, table); the bound guards against a catalog gone wrong.
    for (
      let steps = 0, at: Address = { classid, objid, objsubid: 0 };
      id === undefined && steps < 8;
      steps++
    ) {
      const owner = owners.at(at.classid, at.objid, 0);
      if (owner === undefined) return undefined;
      id =
        addresses.at(owner.classid, owner.objid, owner.objsubid) ??
        addresses.at(owner.classid, owner.objid, 0);
      at = owner;
    }
    return id;
  };
  for (const row of rows) {
    for (let index = 0; index < row.objids.length; index++) {
      const dependent = find(row.classid, row.objids[index]!, row.objsubids[index]!);
      if (dependent === undefined) continue;
      const needed = find(row.refclassid, row.refobjids[index]!, row.refobjsubids[index]!);
      if (needed !== undefined && needed !== dependent) edge(dependent, needed);
    }
  }
}

interface Address {
  readonly classid: number;
  readonly objid: number;
  readonly objsubid: number;
}

/** What an object is an internal part of (deptype `i`), or which extension brought it (`e`). */
function collectOwners(rows: readonly DependencyRow[]): ByAddress<Address> {
  const owners = new ByAddress<Address>();
  for (const { classid, refclassid, type, objids, objsubids, refobjids, refobjsubids } of rows) {
    if (type !== 'i' && type !== 'e') continue;
    for (let index = 0; index < objids.length; index++) {
      if (objsubids[index] !== 0) continue;
      owners.add(classid, objids[index]!, 0, {
        classid: refclassid,
        objid: refobjids[index]!,
        objsubid: refobjsubids[index]!,
      });
    }
  }
  return owners;
}
