export type * from '../backup-config.js';
