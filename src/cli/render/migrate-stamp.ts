import type { StampedRevision, StampResult } from '../../migrations/stamp-plan.js';
import { stepName } from '../migrate-events.js';
import type { Style } from '../style.js';

/** What a stamp changed in the history, or would. */
export function renderStamp(result: StampResult, target: string, style: Style): string {
  const { dryRun, remade, removed, added, settled, after } = result;
  const position = after.length === 0 ? 'base' : after.join(', ');
  const lines = (mark: string, revisions: readonly StampedRevision[], note = '') =>
    revisions.map((revision) => `${mark} ${stepName(revision)}${note}`);
  const [is, there] = dryRun ? ['would be', 'would then stand'] : ['is', 'stands'];
  if (!remade && removed.length + added.length + settled.length === 0) {
    return `nothing to record: ${target} stands at ${position}`;
  }
  return [
    ...(remade
      ? [
          style.yellow(
            `the history ${dryRun ? 'is' : 'was'} damaged: its tables ${dryRun ? 'would be' : 'were'} made anew`,
          ),
        ]
      : []),
    ...lines(style.yellow('-'), removed),
    ...lines(
      style.yellow('!'),
      settled,
      ` was half done and ${is} recorded as applied; nothing of it was run`,
    ),
    ...lines(style.green('+'), added),
    `${target} ${there} at ${position}; only the history ${dryRun ? 'would change' : 'was changed'}`,
  ].join('\n');
}
