import { levelOf } from '../../library/backups/backup-settings.js';
import { destinationsOf, makeBackup } from '../../library/backups/make-backup.js';
import { planBackup } from '../../library/backups/plan-backup.js';
import { reportBackup } from '../backup-events.js';
import type { Outcome } from '../command.js';
import type { Context } from '../context.js';
import { renderMade, renderPlan } from '../render/backup-made.js';
import { countOf, interruptibly, placeOf } from './backup-context.js';

export async function run(context: Context): Promise<Outcome> {
  const { options, output } = context;
  const given = (name: string) => (options.given(name) ? options.list(name) : undefined);
  const level = options.text('verify');
  const place = await placeOf(context);
  const named = options.list('destination');
  const upload = destinationsOf(place, named.length > 0 ? named : options.flag('upload'));
  const wanted = {
    upload,
    tags: options.list('tag'),
    pin: options.flag('pin'),
    verify: level === undefined ? undefined : levelOf(level, '--verify'),
    encryptTo: given('encrypt-to'),
    excludeTableData: given('exclude-table-data'),
    jobs: countOf(context, 'jobs'),
    lockTimeoutMs: options.duration('lock-timeout'),
    spaceCheck: options.flag('space-check'),
  };
  if (options.flag('dry-run')) {
    const plan = await planBackup(place, wanted);
    return { result: plan, text: renderPlan(plan, output.style) };
  }
  const made = await interruptibly(context, (signal) =>
    makeBackup(place, { ...wanted, signal, onEvent: reportBackup(output) }),
  );
  return { result: { dryRun: false, ...made }, text: renderMade(made, output.style) };
}
