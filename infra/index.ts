/** `genesys-media-archive/cdk`: the deployment as constructs of AWS CDK. */
export { type DeploySettings, deploySettings } from '../src/config/deploy/settings.ts';
export { RUNBOOK_ANCHORS, type RunbookAnchor } from './watch/alarms.ts';
export type { ObjectLockSettings } from './buckets/archive.ts';
export { GenesysMediaArchiveStack, propsOf } from './stack.ts';
export { createTemplateStack } from './template.ts';
export type { ArchiveConditions } from './conditions.ts';
export type { GenesysMediaArchiveProps } from './props/archive.ts';
export { GenesysMediaArchive } from './genesys-media-archive.ts';
export { type ArchiveResources, auditorStatements, writerStatements } from './access/policies.ts';
export { rewrapStatements } from './access/rewrap-policies.ts';
export type { Statement } from './access/statement.ts';
