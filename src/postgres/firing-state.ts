/** In which sessions a trigger, rule or event trigger fires: the words ALTER takes. */
export const ENABLING = {
  origin: 'ENABLE',
  disabled: 'DISABLE',
  replica: 'ENABLE REPLICA',
  always: 'ENABLE ALWAYS',
} as const;

export type FiringState = keyof typeof ENABLING;

/** The same for the summary of a step, with the thing's label behind it. */
export const STATE_WORDS: Readonly<Record<FiringState, string>> = {
  origin: 'Enable',
  disabled: 'Disable',
  replica: 'Fire in replica mode only:',
  always: 'Fire always:',
};

/** What the catalogs keep in tgenabled, ev_enabled and evtenabled. */
export const STATES: Readonly<Record<string, FiringState>> = {
  O: 'origin',
  D: 'disabled',
  R: 'replica',
  A: 'always',
};
