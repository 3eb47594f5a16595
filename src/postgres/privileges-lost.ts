import type { Hazard, RenderContext } from '../schema/kind.js';
import type { SchemaObject } from '../schema/object.js';
import { plainName } from './identifiers.js';

/**
 * What goes with an object that is dropped only to be created again: privileges are not managed yet, so nobody
 * grants them again. Where the old state is a database with such grants, that needs consent.
 */
export function privilegesLost(object: SchemaObject, { from, to }: RenderContext): Hazard[] {
  if (!to.objects.has(object.id)) return [];
  const subject = plainName(object.schema, object.name);
  const granted = from.unmanaged.some(
    ({ kind, name }) =>
      kind === 'grant' &&
      name.replace(/^on (relation|routine|type) /, '').split('(')[0] === subject.split('(')[0],
  );
  const what = `${object.kind.replace('-', ' ')} ${subject}`;
  return [
    granted
      ? {
          code: 'lose-grants',
          level: 'data-loss',
          subject,
          message: `what is granted on ${what} goes with it and is not granted again`,
        }
      : {
          code: 'lose-grants',
          level: 'note',
          subject,
          message: `grants on ${what}, if there are any, have to be given again`,
        },
  ];
}
