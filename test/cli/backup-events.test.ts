import { expect, test } from 'vitest';
import type { BackupEvent } from '../../src/backup/events.js';
import { progressLine, reportBackup } from '../../src/cli/backup-events.js';
import { Output } from '../../src/cli/output.js';
import { bytesText, timeText } from '../../src/cli/render/quantity.js';

function watched(isTTY: boolean) {
  let text = '';
  const sink = {
    isTTY,
    columns: 200,
    write: (part: string) => {
      text += part;
    },
  };
  const output = new Output({ stdout: sink, stderr: sink, env: {} });
  let now = 0;
  const tell = reportBackup(output, () => now);
  return {
    output,
    text: () => text,
    tell(event: BackupEvent, passedMs = 0) {
      now += passedMs;
      tell(event);
    },
  };
}

const progress = (bytes: number, more: object = {}) =>
  ({
    type: 'progress',
    phase: 'dumping',
    bytes,
    totalBytes: 40_000_000,
    rows: 1234,
    item: 'users',
    ...more,
  }) as const;

test('on a terminal: one line that changes, with bytes, rows, the table and the time left', () => {
  const { tell, text } = watched(true);
  tell({ type: 'phase', phase: 'dumping' });
  tell(progress(100));
  tell(progress(200), 10);
  tell(progress(10_000_000), 2000);
  const lines = text().split('\r\u001b[2K').slice(1);
  expect(lines).toEqual([
    'dumping …',
    'dumping: 100 bytes of 40 MB, 1,234 rows, users',
    'dumping: 10 MB of 40 MB, 1,234 rows, users, 6 s left',
  ]);
});

test('elsewhere: a line for each step, however much passes', () => {
  const { tell, text } = watched(false);
  tell({ type: 'phase', phase: 'dumping' });
  for (let at = 0; at < 100; at += 1) tell(progress(at * 1000), 500);
  tell({ type: 'phase', phase: 'committing' });
  tell({ type: 'note', text: 'The disk is nearly full.' });
  expect(text()).toBe('dumping\ncommitting\nwarning: The disk is nearly full\n');
});

test('a total that is not known, or was guessed too low, promises no time', () => {
  expect(
    progressLine(progress(5_000_000, { totalBytes: undefined, rows: undefined, item: undefined }), 9000),
  ).toBe('dumping: 5 MB');
  expect(progressLine(progress(50_000_000), 9000)).toBe('dumping: 50 MB of 40 MB, 1,234 rows, users');
});

test('quantities in words', () => {
  expect([0, 1, 999, 1000, 8192, 123_456, 999_600, 48_200_000, 1.5e12].map(bytesText)).toEqual([
    '0 bytes',
    '1 bytes',
    '999 bytes',
    '1 kB',
    '8.19 kB',
    '123 kB',
    '1 MB',
    '48.2 MB',
    '1.5 TB',
  ]);
  expect(
    [5, 999, 1000, 8249, 59_990, 60_000, 200_000, 3_600_000, 7_500_000, 4 * 86_400_000].map(timeText),
  ).toEqual(['5 ms', '999 ms', '1 s', '8.2 s', '1 min', '1 min', '3 min 20 s', '1 h', '2 h 5 min', '4 days']);
});
