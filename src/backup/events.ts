/** What happens while a backup is made, checked, sent or restored, for whoever shows it. */
export type BackupEvent =
  | {
      readonly type: 'phase';
      /** Plain words without full stop: `dumping`, `hashing`, `restoring into app_restore_…`. */
      readonly phase: string;
    }
  | {
      readonly type: 'progress';
      readonly phase: string;
      readonly bytes: number;
      /** Undefined where it cannot be known. */
      readonly totalBytes: number | undefined;
      readonly rows: number | undefined;
      /** What is being worked on: a table, a part. */
      readonly item: string | undefined;
    }
  /** Something to remember, as a full sentence. */
  | { readonly type: 'note'; readonly text: string };

/** What every long operation takes. */
export interface BackupRun {
  /** Stops it: children are killed, nothing half-made keeps its name. Rejects with `aborted`. */
  readonly signal?: AbortSignal | undefined;
  readonly onEvent?: ((event: BackupEvent) => void) | undefined;
}
