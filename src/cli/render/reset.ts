import type { ResetPlan } from '../../postgres/reset-database.js';
import type { Style } from '../style.js';

export function renderReset(target: string, dryRun: boolean, plan: ResetPlan, style: Style): string {
  const { drops, extensions, left } = plan;
  if (drops.length === 0) return `${target} is empty: there is nothing to drop`;
  const title = dryRun
    ? `would drop ${drops.length} from ${target}`
    : `dropped ${drops.length} from ${target}`;
  return [
    style.bold(title),
    ...drops.map(({ kind, name }) => `  ${kind} ${name}`),
    ...(extensions.length > 0 ? [style.dim(`kept extensions: ${extensions.join(', ')}`)] : []),
    ...left.map((object) => `${style.yellow('not dropped:')} ${object}`),
  ].join('\n');
}
