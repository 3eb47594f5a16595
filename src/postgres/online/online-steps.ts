import type { RenderContext } from '../../schema/kind.js';
import type { SchemaObject } from '../../schema/object.js';
import type { StepGraph, StepNode } from '../../schema/step-graph.js';
import { partitionId } from '../attachments.js';
import { temporaryNamer } from '../temporary-names.js';
import { attachBeside, detachBeside } from './attach.js';
import { sayWhatBlocks } from './blocking.js';
import { checkInsteadOfScan } from './not-null.js';
import { buildBeside, dropBeside } from './one-by-one.js';
import { replaceBeside } from './replace.js';

/** What the rewriting of one step looks at. */
export interface OnlineContext extends RenderContext {
  readonly graph: StepGraph;
  /** True for what is there before, meanwhile and after: a table that others may be using. */
  stays(id: string | null): boolean;
  /** A free name for something that is there for a while only. */
  readonly temporaryName: (object: SchemaObject, ending: string) => string;
}

/**
 * PostgreSQL's `Dialect.online`: indexes concurrently, constraints NOT VALID and validated afterwards, unique
 * constraints and primary keys from an index, NOT NULL by way of a check, what is replaced beside the old one, what
 * partitioned tables get partition by partition. Everything works on PostgreSQL 13 and newer, but for DETACH PARTITION
 * CONCURRENTLY, which needs 14.
 */
export function onlineSteps(graph: StepGraph, render: RenderContext): void {
  const { from, to } = render;
  const replaced = new Set(
    graph.nodes.flatMap(({ step }) => (step.action === 'create' ? [step.object] : [])),
  );
  const context: OnlineContext = {
    ...render,
    graph,
    stays: (id) => id !== null && from.objects.has(id) && to.objects.has(id) && !replaced.has(id),
    temporaryName: temporaryNamer(render),
  };
  // A partition that gets another place is detached and attached in one transaction, with all that happens in between:
  // others never miss its rows.
  const isMoving = (id: string): boolean => {
    const table = (to.objects.get(id) ?? from.objects.get(id))?.parent ?? null;
    const attachment = table === null ? '' : partitionId(table);
    return from.objects.has(attachment) && replaced.has(attachment);
  };
  const drops = new Map<string, StepNode>();
  for (const node of graph.nodes) if (node.step.action === 'drop') drops.set(node.step.object, node);
  for (const node of [...graph.nodes]) {
    const { action, object } = node.step;
    sayWhatBlocks(node, context);
    if (isMoving(object)) continue;
    if (action === 'alter') checkInsteadOfScan(node, context);
    if (action === 'create') {
      const drop = drops.get(object);
      if (drop !== undefined && replaceBeside(node, drop, context)) drops.delete(object);
      else buildBeside(node, context);
      attachBeside(node, context);
    }
  }
  for (const node of drops.values()) {
    if (isMoving(node.step.object)) continue;
    dropBeside(node, context);
    detachBeside(node, context);
  }
}
