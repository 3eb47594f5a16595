import { registerKinds } from '../kind-registry.js';
import type { PostgresKind } from '../postgres-kind.js';
import { columnKind } from './column.js';
import { commentKind } from './comment.js';
import { compositeTypeKind } from './composite-type.js';
import { constraintKind } from './constraint.js';
import { defaultKind } from './default.js';
import { domainKind } from './domain.js';
import { domainConstraintKind } from './domain-constraint.js';
import { enumKind } from './enum.js';
import { extensionKind } from './extension.js';
import { foreignDataWrapperKind } from './foreign-data-wrapper.js';
import { foreignServerKind } from './foreign-server.js';
import { functionKind } from './function.js';
import { materializedViewKind } from './materialized-view.js';
import { publicationKind } from './publication.js';
import { publicationSchemaKind } from './publication-schema.js';
import { publicationTableKind } from './publication-table.js';
import { rangeTypeKind } from './range-type.js';
import { schemaKind } from './schema.js';
import { sequenceKind } from './sequence.js';
import { subscriptionKind } from './subscription.js';
import { tableKind } from './table.js';
import { indexKind } from './table-index.js';
import { triggerKind } from './trigger.js';
import { userMappingKind } from './user-mapping.js';
import { viewKind } from './view.js';

/**
 * Every kind of PostgreSQL object that Tidemark manages. Adding one is a file and a line here. They are
 * read in this order, and a kind may look up what stands before it: columns after their tables, comments
 * after everything.
 */
export const postgresKinds: readonly PostgresKind[] = [
  schemaKind,
  extensionKind,
  foreignDataWrapperKind,
  foreignServerKind,
  userMappingKind,
  enumKind,
  domainKind,
  domainConstraintKind,
  compositeTypeKind,
  rangeTypeKind,
  tableKind,
  columnKind,
  sequenceKind,
  viewKind,
  materializedViewKind,
  defaultKind,
  constraintKind,
  indexKind,
  functionKind,
  triggerKind,
  publicationKind,
  publicationTableKind,
  publicationSchemaKind,
  subscriptionKind,
  commentKind,
];

registerKinds(postgresKinds);
