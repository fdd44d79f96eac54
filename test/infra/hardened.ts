import { type DeploySettings, deploySettings } from '../../src/config/deploy/settings.ts';
import { ACCOUNT, REGION } from './resolve-template.ts';
import { MAX_INSTRUCTION_BYTES } from './synthesise.ts';

const role = (name: string) => `arn:aws:iam::${ACCOUNT}:role/${name}`;

export const AUDITOR_PERSON = role('Compliance');
export const REWRAP_PERSON = role('KeyCustodian');
export const BREAK_GLASS = role('BreakGlass');
export const OPERATOR = role('Operator');
export const REPLICA = { bucketArn: 'arn:aws:s3:::the-replica', account: '999999999999' };

export const RETENTION_RULES = {
  schema: 'genesys-media-archive/retention/v1',
  by: 'compliance',
  rules: [{ name: 'screens', media: ['screen'], keep: '90d', remove: '120d' }],
  otherwise: { keep: '1y' },
} as const;

/** Everything that the settings can add, which costs money and is off by default. */
export const HARDENED: DeploySettings = deploySettings.parse({
  ...MAX_INSTRUCTION_BYTES,
  auditors: [AUDITOR_PERSON],
  rewrappers: [REWRAP_PERSON],
  requireMfa: true,
  breakGlassRole: BREAK_GLASS,
  secretReaders: [OPERATOR],
  webhookConcurrency: 7,
  apiGateway: true,
  webAclArn: `arn:aws:wafv2:${REGION}:${ACCOUNT}:regional/webacl/archive/0c2f9a6e-52a4-4a8b-9c55-1f3f6a1a9b77`,
  vpc: true,
  customerKeys: true,
  auditTrail: true,
  verification: { depth: 'full' },
  jobs: { ownClient: true },
  catalogue: true,
  facts: true,
  retention: { removeAfterDays: [120], rules: RETENTION_RULES },
  seal: {
    origin: 'recordings.example.com/proof/0c2f9a6e',
    secondStore: 's3://checkpoints/of-first',
    lock: { mode: 'compliance', days: 2557 },
  },
  replica: REPLICA,
});
