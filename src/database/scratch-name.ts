import { createHash, randomBytes } from 'node:crypto';
import { hostname } from 'node:os';

const PREFIX = 'tidemark_dev';
const PATTERN = /^(tidemark_dev_[0-9a-f]{6}_\d+_[0-9a-z]+_[0-9a-f]{8})_([0-9a-f]{8})$/;

/**
 * A name for a scratch database: machine, process, time and chance, and a checksum over these. No database
 * of a user's bears such a name by accident, so the name alone marks it as ours from its first moment.
 */
export function scratchName(now: number = Date.now()): string {
  const machine = checksum(hostname()).slice(0, 6);
  const body = [PREFIX, machine, process.pid, now.toString(36), randomBytes(4).toString('hex')].join('_');
  return `${body}_${checksum(body)}`;
}

/** True for names that `scratchName` made, on whatever machine. */
export function isScratchName(name: string): boolean {
  const match = PATTERN.exec(name);
  return match !== null && checksum(match[1]!) === match[2];
}

/** The two numbers of the advisory lock that is held while a scratch database is in use. */
export function scratchLock(name: string): [number, number] {
  const hash = createHash('sha256').update(name).digest();
  return [0x7469_6465, hash.readInt32BE(0)];
}

function checksum(text: string): string {
  return createHash('sha256').update(`tidemark ${text}`).digest('hex').slice(0, 8);
}
