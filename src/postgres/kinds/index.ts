import { registerKinds } from '../kind-registry.js';
import type { PostgresKind } from '../postgres-kind.js';
import { accessMethodKind } from './access-method.js';
import { clusterMarkKind } from './cluster-mark.js';
import { columnKind } from './column.js';
import { commentKind } from './comment.js';
import { compositeTypeKind } from './composite-type.js';
import { constraintKind } from './constraint.js';
import { defaultKind } from './default.js';
import { domainKind } from './domain.js';
import { domainConstraintKind } from './domain-constraint.js';
import { enumKind } from './enum.js';
import { eventTriggerKind } from './event-trigger.js';
import { extensionKind } from './extension.js';
import { extensionDependenceKind } from './extension-dependence.js';
import { foreignDataWrapperKind } from './foreign-data-wrapper.js';
import { foreignServerKind } from './foreign-server.js';
import { functionKind } from './function.js';
import { indexStatisticsKind } from './index-statistics.js';
import { materializedViewKind } from './materialized-view.js';
import { materializedViewColumnKind } from './materialized-view-column.js';
import { notNullConstraintKind } from './not-null-constraint.js';
import { partitionKind } from './partition.js';
import { policyKind } from './policy.js';
import { publicationKind } from './publication.js';
import { publicationSchemaKind } from './publication-schema.js';
import { publicationTableKind } from './publication-table.js';
import { rangeTypeKind } from './range-type.js';
import { replicaIdentityKind } from './replica-identity.js';
import { rowSecurityKind } from './row-security.js';
import { ruleKind } from './rule.js';
import { schemaKind } from './schema.js';
import { sequenceKind } from './sequence.js';
import { statisticsKind } from './statistics.js';
import { subscriptionKind } from './subscription.js';
import { tableKind } from './table.js';
import { indexKind } from './table-index.js';
import { triggerKind } from './trigger.js';
import { userMappingKind } from './user-mapping.js';
import { viewKind } from './view.js';
import { viewColumnDefaultKind } from './view-column-default.js';

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
  accessMethodKind,
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
  materializedViewColumnKind,
  defaultKind,
  viewColumnDefaultKind,
  constraintKind,
  notNullConstraintKind,
  indexKind,
  indexStatisticsKind,
  statisticsKind,
  clusterMarkKind,
  replicaIdentityKind,
  functionKind,
  triggerKind,
  partitionKind,
  publicationKind,
  publicationTableKind,
  publicationSchemaKind,
  subscriptionKind,
  ruleKind,
  policyKind,
  rowSecurityKind,
  eventTriggerKind,
  extensionDependenceKind,
  commentKind,
];

registerKinds(postgresKinds);
