import { isToolTable } from '../schema/tool-bookkeeping.js';
import { bookkeepingPatterns } from './compare-import.js';
import type { ImportResult } from './import-project.js';
import type { ImportTool } from './imported-project.js';

/** What an import did. Plain data: what `--json` prints. */
export interface ImportOutcome {
  readonly tool: ImportTool;
  readonly dryRun: boolean;
  readonly folder: string;
  readonly revisions: readonly {
    readonly revision: string;
    readonly name: string;
    readonly source: string;
    readonly file: string | null;
    readonly downFile: string | null;
    /** Null when no database was asked. */
    readonly applied: boolean | null;
  }[];
  readonly notes: readonly string[];
  /** False when the files were there, or are kept where they are. */
  readonly wrote: boolean;
  /** Null when no database was asked, or the tool has no table in it. */
  readonly recorded: {
    readonly table: string;
    readonly revisions: readonly string[];
    readonly already: readonly string[];
    readonly unknown: readonly string[];
  } | null;
  /** Null when it is not known, or Tidemark's history has more than the tool's table. */
  readonly differences: readonly string[] | null;
  /**
   * Patterns for `exclude` that keep the tool's table out of every comparison, as long as it is there: under a name of
   * its own. Under its usual name it is left alone in any case.
   */
  readonly exclude: readonly string[];
}

/** Puts what an import did into plain values. */
export function importOutcome(
  { project, rendered, revisions, wrote, elsewhere, recorded, notes }: ImportResult,
  facts: {
    readonly tool: ImportTool;
    readonly dryRun: boolean;
    readonly target: string;
    readonly differences: readonly string[] | undefined;
  },
): ImportOutcome {
  const applied =
    elsewhere?.table === undefined ? undefined : new Set([...elsewhere.applied, ...(recorded?.beyond ?? [])]);
  const files = new Map(rendered?.revisions.map((one) => [one.revision.id, one]));
  const table = elsewhere?.table;
  return {
    tool: project.tool,
    dryRun: facts.dryRun,
    folder: facts.target,
    revisions: revisions.map(({ id, name, source }) => ({
      revision: id,
      name,
      source,
      file: files.get(id)?.upFile ?? null,
      downFile: files.get(id)?.downFile ?? null,
      applied: applied?.has(id) ?? null,
    })),
    notes,
    wrote,
    recorded:
      recorded === undefined || table === undefined
        ? null
        : {
            table,
            revisions: recorded.recorded,
            already: recorded.already,
            unknown: elsewhere?.unknown ?? [],
          },
    differences: facts.differences ?? null,
    exclude:
      table === undefined || isToolTable(table.split('.').at(-1)!)
        ? []
        : bookkeepingPatterns(facts.tool, table),
  };
}
