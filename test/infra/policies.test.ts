import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type ArchiveResources, auditorStatements, writerStatements } from '../../infra/access/policies.ts';
import type { Statement } from '../../infra/access/statement.ts';
import { eraserStatements } from '../../infra/access/erase-policies.ts';
import { releaserStatements } from '../../infra/access/release-policies.ts';
import { rewrapStatements } from '../../infra/access/rewrap-policies.ts';
import {
  catalogueStatements,
  drillerStatements,
  factsStatements,
  jobsStatements,
  retentionStatements,
  sealerStatements,
  comparingStatements,
  verifierStatements,
} from '../../infra/scheduled/statements.ts';
import { decide, type Request } from './evaluate-policy.ts';

/** As docs/aws-permissions.md writes them. */
const RESOURCES: ArchiveResources = {
  bucketArn: 'arn:aws:s3:::BUCKET',
  bucketName: 'BUCKET',
  catalogueBucketArn: 'arn:aws:s3:::CATALOGUE_BUCKET',
  keyArn: 'KEY_ARN',
  organizationId: 'ORGANIZATION_ID',
  queueArn: 'QUEUE_ARN',
  deadLetterQueueArn: 'DEAD_LETTER_QUEUE_ARN',
  logGroupArn: 'LOG_GROUP_ARN',
  secretArns: ['CREDENTIALS_SECRET_ARN', 'SIGNING_KEY_SECRET_ARN', 'WEBHOOK_SECRET_ARN'],
};
const page = readFileSync('docs/aws-permissions.md', 'utf8');

interface Documented extends Omit<Statement, 'Sid'> {
  readonly Sid?: string;
}

/** The statements of a block of the page. */
function documented(name: string): readonly Documented[] {
  const [, json] = new RegExp(`\`\`\`json ${name}\\n([^\`]+)\`\`\``).exec(page) ?? [];
  if (json === undefined) throw new Error(`docs/aws-permissions.md has no block ${name}`);
  return (JSON.parse(json) as { Statement: readonly Documented[] }).Statement;
}

/** Without names, in an order of its own. */
function comparable(statements: readonly Documented[]): readonly string[] {
  return statements
    .map(({ Action, Resource, Condition = null }) => JSON.stringify({ Action, Resource, Condition }))
    .toSorted();
}

const roles = {
  writer: writerStatements(RESOURCES),
  auditor: auditorStatements(RESOURCES),
  rewrap: rewrapStatements({
    ...RESOURCES,
    otherKeyArns: ['OTHER_KEY_ARN'],
    signingSecretArn: 'SIGNING_KEY_SECRET_ARN',
  }),
  releaser: releaserStatements({
    ...RESOURCES,
    quarantine: true,
    clientSecretArns: ['CREDENTIALS_SECRET_ARN', 'BACKFILL_SECRET_ARN'],
    signingSecretArn: 'SIGNING_KEY_SECRET_ARN',
  }),
  eraser: eraserStatements({ ...RESOURCES, quarantine: true, signingSecretArn: 'SIGNING_KEY_SECRET_ARN' }),
  verifier: [...verifierStatements(RESOURCES, true), ...comparingStatements(RESOURCES)],
  'job runner': jobsStatements({
    ...RESOURCES,
    clientSecretArns: ['CREDENTIALS_SECRET_ARN', 'BACKFILL_SECRET_ARN'],
    signingSecretArn: 'SIGNING_KEY_SECRET_ARN',
  }),
  compactor: catalogueStatements(RESOURCES),
  facts: factsStatements({
    ...RESOURCES,
    clientSecretArns: ['CREDENTIALS_SECRET_ARN', 'BACKFILL_SECRET_ARN'],
  }),
  retainer: retentionStatements({ ...RESOURCES, signingSecretArn: 'SIGNING_KEY_SECRET_ARN' }, true),
  sealer: sealerStatements(
    { ...RESOURCES, logKeyArn: 'LOG_KEY_ARN', clientSecretArns: ['CREDENTIALS_SECRET_ARN'] },
    { secondStore: 's3://SECOND_STORE/PREFIX', lock: { mode: 'governance', days: 365 } },
  ),
  driller: drillerStatements({ ...RESOURCES, logKeyArn: 'LOG_KEY_ARN', drillKeyArn: 'DRILL_KEY_ARN' }),
};

describe('the policies of the roles', () => {
  it.each([
    ['writer', ['writer', 'kms-writer', 'deployed-writer']],
    ['auditor', ['auditor', 'auditor-catalogue', 'kms-auditor']],
    ['rewrap', ['rewrap', 'rewrap-signing']],
    ['releaser', ['writer', 'releaser']],
    ['eraser', ['eraser']],
    ['verifier', ['verifier', 'verifier-full', 'verifier-catalogue']],
    ['job runner', ['writer', 'kms-writer', 'job-runner']],
    ['compactor', ['compactor']],
    ['facts', ['facts']],
    ['retainer', ['retainer']],
    ['sealer', ['sealer']],
    ['driller', ['driller']],
  ] as const)('of the %s are what docs/aws-permissions.md says', (role, blocks) => {
    expect(comparable(roles[role])).toEqual(comparable(blocks.flatMap(documented)));
  });

  it.each([
    ['writer', writerStatements, ['writer-keys']],
    ['job runner', jobsStatements, ['writer-keys']],
    ['auditor', auditorStatements, ['reader-keys']],
    ['driller', drillerStatements, ['reader-keys']],
    ['rewrap', rewrapStatements, ['rewrap-keys']],
    ['releaser', releaserStatements, ['writer-keys', 'releaser-keys']],
    ['eraser', eraserStatements, ['eraser-keys']],
  ] as const)(
    'of the %s have with key records what docs/aws-permissions.md adds',
    (_, statements, blocks) => {
      const keyed = { ...RESOURCES, keyRecordsBucketArn: 'arn:aws:s3:::KEY_RECORDS_BUCKET' };
      const before = new Set(comparable(statements(RESOURCES)));
      const added = comparable(statements(keyed)).filter((statement) => !before.has(statement));
      expect(added).toEqual(comparable(blocks.flatMap(documented)));
    },
  );

  it.each([
    ['writer', writerStatements],
    ['job runner', jobsStatements],
  ] as const)('of the %s have with a quarantine what docs/aws-permissions.md adds', (_, statements) => {
    const before = new Set(comparable(statements(RESOURCES)));
    const added = comparable(statements({ ...RESOURCES, quarantine: true }));
    expect(added.filter((statement) => !before.has(statement))).toEqual(
      comparable(documented('writer-quarantine')),
    );
    expect([...before].every((statement) => added.includes(statement))).toBe(true);
  });

  it('have a reason for each action on that page', () => {
    const actions = Object.values(roles).flatMap((statements) => statements.flatMap(({ Action }) => Action));
    const rows = page.split('\n').filter((line) => line.startsWith('|'));
    expect(actions.filter((action) => !rows.some((row) => row.includes(`\`${action}\``)))).toEqual([]);
  });

  it('name every action whole, and no resource that is everything', () => {
    for (const { Action, Resource } of Object.values(roles).flat()) {
      expect(Action.filter((action) => !/^[a-z0-9]+:[A-Za-z]+$/.test(action))).toEqual([]);
      expect(Resource.filter((resource) => /^\*|^arn:aws:s3:::\*/.test(resource))).toEqual([]);
    }
  });

  it('of a shared bucket are limited to the prefix as that page says', () => {
    const shared = { ...RESOURCES, keyPrefix: 'PREFIX/' };
    const [, condition = ''] = /```json shared\n([^`]+)```/.exec(page) ?? [];
    for (const statements of [
      writerStatements(shared),
      auditorStatements(shared),
      rewrapStatements(shared),
      verifierStatements(shared, true),
    ]) {
      const objects = statements.flatMap(({ Resource }) =>
        Resource.filter((one) => one.includes(':BUCKET/')),
      );
      expect(objects.length).toBeGreaterThan(0);
      expect(objects.filter((one) => !one.startsWith('arn:aws:s3:::BUCKET/PREFIX/'))).toEqual([]);
      const lists = statements.filter(({ Resource }) => Resource.includes('arn:aws:s3:::BUCKET'));
      expect(lists.map(({ Condition }) => Condition)).toEqual([JSON.parse(condition)]);
    }
  });

  it('let the runner of jobs read facts only where contexts are kept, and open nothing else', () => {
    const openBy = (contextKept: boolean, recordingId: string) =>
      decide({ Statement: jobsStatements({ ...RESOURCES, context: contextKept }) }, {
        action: 'kms:Decrypt',
        resource: 'KEY_ARN',
        principal: 'job runner',
        keys: { ...context, 'kms:EncryptionContext:recording-id': recordingId },
      } satisfies Request);
    expect(openBy(true, 'facts/2026-05-20')).toBe('allow');
    expect(openBy(true, 'r')).toBe('no statement');
    expect(openBy(false, 'facts/2026-05-20')).toBe('no statement');
  });

  it('write transcripts only where they are kept', () => {
    const has = (statements: ReturnType<typeof writerStatements>) =>
      statements.some(({ Resource }) => Resource.includes('arn:aws:s3:::BUCKET/transcripts/*'));
    expect(has(writerStatements(RESOURCES))).toBe(false);
    expect(has(writerStatements({ ...RESOURCES, transcripts: true }))).toBe(true);
  });

  it('write the context of conversations only where it is kept', () => {
    const has = (statements: readonly Statement[]) =>
      statements.some(({ Resource }) => Resource.includes('arn:aws:s3:::BUCKET/context/*'));
    expect(has(roles.writer)).toBe(false);
    expect(has(writerStatements({ ...RESOURCES, context: true }))).toBe(true);
  });

  it('reach media where the layout keeps them', () => {
    const moved = { ...RESOURCES, mediaFolder: 'ORGANIZATION' };
    const folders = [...writerStatements(moved), ...rewrapStatements(moved)].flatMap(
      ({ Resource }) => Resource,
    );
    expect(folders).toContain('arn:aws:s3:::BUCKET/ORGANIZATION/*');
    expect(folders).not.toContain('arn:aws:s3:::BUCKET/archive/*');
  });

  const media = 'arn:aws:s3:::BUCKET/archive/2026/05/20/a.enc';
  const context = {
    'kms:EncryptionContext:genesys-cloud-organization-id': 'ORGANIZATION_ID',
    'kms:EncryptionContext:conversation-id': 'c',
    'kms:EncryptionContext:recording-id': 'r',
  };
  const may = (role: keyof typeof roles, action: string, resource: string) =>
    decide({ Statement: roles[role] }, {
      action,
      resource,
      principal: role,
      keys: context,
    } satisfies Request) === 'allow';

  it.each([
    ['writer', ['kms:Decrypt', 'kms:ReEncryptFrom', 'kms:Encrypt'], 'KEY_ARN'],
    ['writer', ['s3:DeleteObject', 's3:DeleteObjectVersion', 's3:BypassGovernanceRetention'], media],
    ['writer', ['s3:GetObjectVersion', 's3:PutObjectRetention', 's3:PutObjectAcl'], media],
    ['writer', ['s3:PutBucketPolicy', 's3:PutLifecycleConfiguration'], 'arn:aws:s3:::BUCKET'],
    ['writer', ['secretsmanager:GetSecretValue'], 'ANOTHER_SECRET_ARN'],
    ['writer', ['secretsmanager:PutSecretValue'], 'CREDENTIALS_SECRET_ARN'],
    ['auditor', ['s3:PutObject', 's3:DeleteObject'], media],
    ['auditor', ['kms:GenerateDataKey', 'kms:Encrypt'], 'KEY_ARN'],
    ['rewrap', ['kms:Decrypt', 'kms:GenerateDataKey'], 'KEY_ARN'],
    ['rewrap', ['s3:DeleteObject'], media],
    ['rewrap', ['s3:PutObject'], 'arn:aws:s3:::BUCKET/receipts/2026/05/20/a.json'],
    ['rewrap', ['secretsmanager:GetSecretValue'], 'CREDENTIALS_SECRET_ARN'],
    ['compactor', ['kms:Decrypt', 'kms:GenerateDataKey'], 'KEY_ARN'],
    ['compactor', ['s3:GetObject', 's3:PutObject'], media],
    ['compactor', ['s3:PutObject'], 'arn:aws:s3:::CATALOGUE_BUCKET/facts/a'],
    ['facts', ['kms:Decrypt', 'kms:GenerateDataKey'], 'KEY_ARN'],
    ['facts', ['s3:GetObject', 's3:PutObject'], media],
    ['facts', ['s3:GetObject', 's3:PutObject'], 'arn:aws:s3:::CATALOGUE_BUCKET/catalogue/a'],
    ['sealer', ['kms:Decrypt', 'kms:GenerateDataKey'], 'KEY_ARN'],
    ['sealer', ['s3:GetObject', 's3:PutObject'], media],
    ['sealer', ['s3:PutObject'], 'arn:aws:s3:::BUCKET/receipts/2026/05/20/a.json'],
    ['job runner', ['kms:Decrypt', 'kms:ReEncryptFrom'], 'KEY_ARN'],
    ['job runner', ['s3:DeleteObject'], media],
    ['job runner', ['s3:GetObject', 's3:PutObject'], 'arn:aws:s3:::CATALOGUE_BUCKET/facts/a'],
    ['job runner', ['sqs:ReceiveMessage', 'sqs:SendMessage'], 'QUEUE_ARN'],
    ['verifier', ['s3:PutObject', 's3:DeleteObject'], media],
    ['verifier', ['kms:GenerateDataKey', 'kms:ReEncryptFrom', 'kms:Sign'], 'KEY_ARN'],
    ['verifier', ['secretsmanager:GetSecretValue'], 'SIGNING_KEY_SECRET_ARN'],
    ['verifier', ['s3:GetObject'], 'arn:aws:s3:::BUCKET/context/2026/05/20/a.json.enc'],
  ] as const)('do not let the %s do %j', (role, actions, resource) => {
    expect(actions.filter((action) => may(role, action, resource))).toEqual([]);
  });

  it('let each do its work', () => {
    expect(may('writer', 's3:PutObject', media)).toBe(true);
    expect(may('writer', 'kms:GenerateDataKey', 'KEY_ARN')).toBe(true);
    expect(may('auditor', 'kms:Decrypt', 'KEY_ARN')).toBe(true);
    expect(may('auditor', 's3:GetObject', 'arn:aws:s3:::BUCKET/context/2026/05/20/a.json.enc')).toBe(true);
    expect(may('rewrap', 'kms:ReEncryptFrom', 'KEY_ARN')).toBe(true);
    expect(may('rewrap', 'kms:ReEncryptTo', 'OTHER_KEY_ARN')).toBe(true);
  });
});
