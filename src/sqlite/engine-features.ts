import type { RenderContext } from '../schema/kind.js';

/** What ALTER TABLE can do, by the version of the engine (https://www.sqlite.org/changes.html). */
export interface EngineFeatures {
  /** 3.35: ALTER TABLE … DROP COLUMN. */
  readonly dropColumn: boolean;
  /** 3.53: ALTER COLUMN … SET / DROP NOT NULL and DROP CONSTRAINT for a CHECK. */
  readonly alterConstraints: boolean;
}

/** What both engines of a plan can do: the one it was read from and the one it is for. */
export function featuresOf({ from, to }: Pick<RenderContext, 'from' | 'to'>): EngineFeatures {
  // The state of nothing at all has no version.
  const versions = [from.engineVersion, to.engineVersion].filter((version) => version > 0);
  const version = Math.min(...versions);
  return { dropColumn: version >= 3_035_000, alterConstraints: version >= 3_053_000 };
}
