import { registerKinds } from '../kind-registry.js';
import type { PostgresKind } from '../postgres-kind.js';
import { accessMethodKind } from './access-method.js';
import { aggregateKind } from './aggregate.js';
import { baseTypeKind } from './base-type.js';
import { baseTypeDefinitionKind } from './base-type-definition.js';
import { castKind } from './cast.js';
import { clusterMarkKind } from './cluster-mark.js';
import { collationKind } from './collation.js';
import { columnKind } from './column.js';
import { commentKind } from './comment.js';
import { compositeTypeKind } from './composite-type.js';
import { constraintKind } from './constraint.js';
import { conversionKind } from './conversion.js';
import { defaultKind } from './default.js';
import { defaultPrivilegesKind } from './default-privileges.js';
import { domainKind } from './domain.js';
import { domainConstraintKind } from './domain-constraint.js';
import { enumKind } from './enum.js';
import { enumValueKind } from './enum-value.js';
import { eventTriggerKind } from './event-trigger.js';
import { extensionKind } from './extension.js';
import { extensionDependenceKind } from './extension-dependence.js';
import { foreignColumnOptionsKind } from './foreign-column-options.js';
import { foreignDataWrapperKind } from './foreign-data-wrapper.js';
import { foreignServerKind } from './foreign-server.js';
import { functionKind } from './function.js';
import { indexStatisticsKind } from './index-statistics.js';
import { inheritanceKind } from './inheritance.js';
import { languageKind } from './language.js';
import { materializedViewKind } from './materialized-view.js';
import { materializedViewColumnKind } from './materialized-view-column.js';
import { notNullConstraintKind } from './not-null-constraint.js';
import { operatorKind } from './operator.js';
import { operatorClassKind } from './operator-class.js';
import { operatorFamilyKind } from './operator-family.js';
import { operatorFamilyMemberKind } from './operator-family-member.js';
import { ownerKind } from './owner.js';
import { partitionKind } from './partition.js';
import { policyKind } from './policy.js';
import { privilegesKind } from './privileges.js';
import { publicationKind } from './publication.js';
import { publicationSchemaKind } from './publication-schema.js';
import { publicationTableKind } from './publication-table.js';
import { rangeTypeKind } from './range-type.js';
import { replicaIdentityKind } from './replica-identity.js';
import { roleKind } from './role.js';
import { roleMembershipKind } from './role-membership.js';
import { roleSettingKind } from './role-setting.js';
import { rowSecurityKind } from './row-security.js';
import { ruleKind } from './rule.js';
import { schemaKind } from './schema.js';
import { securityLabelKind } from './security-label.js';
import { sequenceKind } from './sequence.js';
import { statisticsKind } from './statistics.js';
import { subscriptionKind } from './subscription.js';
import { tableKind } from './table.js';
import { indexKind } from './table-index.js';
import { textSearchConfigurationKind } from './text-search-configuration.js';
import { textSearchDictionaryKind } from './text-search-dictionary.js';
import { textSearchMappingKind } from './text-search-mapping.js';
import { textSearchParserKind } from './text-search-parser.js';
import { textSearchTemplateKind } from './text-search-template.js';
import { transformKind } from './transform.js';
import { triggerKind } from './trigger.js';
import { typedTableKind } from './typed-table.js';
import { userMappingKind } from './user-mapping.js';
import { viewKind } from './view.js';
import { viewColumnDefaultKind } from './view-column-default.js';

/**
 * Every kind of PostgreSQL object that Tidemark manages. Adding one is a file and a line here. They are
 * read in this order, and a kind may look up what stands before it: columns after their tables, comments
 * after everything.
 */
export const postgresKinds: readonly PostgresKind[] = [
  roleKind,
  roleMembershipKind,
  roleSettingKind,
  schemaKind,
  extensionKind,
  foreignDataWrapperKind,
  foreignServerKind,
  userMappingKind,
  accessMethodKind,
  languageKind,
  collationKind,
  baseTypeKind,
  baseTypeDefinitionKind,
  enumKind,
  domainKind,
  domainConstraintKind,
  compositeTypeKind,
  rangeTypeKind,
  tableKind,
  columnKind,
  foreignColumnOptionsKind,
  sequenceKind,
  viewKind,
  materializedViewKind,
  materializedViewColumnKind,
  functionKind,
  aggregateKind,
  operatorKind,
  operatorFamilyKind,
  operatorFamilyMemberKind,
  operatorClassKind,
  defaultKind,
  viewColumnDefaultKind,
  constraintKind,
  notNullConstraintKind,
  indexKind,
  indexStatisticsKind,
  statisticsKind,
  clusterMarkKind,
  replicaIdentityKind,
  castKind,
  conversionKind,
  transformKind,
  textSearchParserKind,
  textSearchTemplateKind,
  textSearchDictionaryKind,
  textSearchConfigurationKind,
  textSearchMappingKind,
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
  inheritanceKind,
  typedTableKind,
  ownerKind,
  privilegesKind,
  defaultPrivilegesKind,
  commentKind,
  securityLabelKind,
];

// The values of an enum are read with it.
registerKinds([...postgresKinds, enumValueKind]);
