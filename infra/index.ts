/** `genesys-media-archive/cdk`: the deployment as constructs of AWS CDK. */
export { type DeploySettings, deploySettings } from '../src/config/deploy-settings.ts';
export { RUNBOOK_ANCHORS, type RunbookAnchor } from './archive-alarms.ts';
export type { ObjectLockSettings } from './archive-bucket.ts';
export { GenesysMediaArchiveStack, propsOf } from './archive-stack.ts';
export { createTemplateStack } from './archive-template.ts';
export type { ArchiveConditions } from './conditions.ts';
export type { GenesysMediaArchiveProps } from './archive-props.ts';
export { GenesysMediaArchive } from './genesys-media-archive.ts';
export { type ArchiveResources, auditorStatements, writerStatements } from './policies.ts';
export { rewrapStatements } from './rewrap-policies.ts';
export type { Statement } from './statement.ts';
