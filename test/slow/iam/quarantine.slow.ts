import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ArchiveResources, writerStatements } from '../../../infra/access/policies.ts';
import { releaserStatements } from '../../../infra/access/release-policies.ts';
import { runCli } from '../../cli/run-cli.ts';
import { type AwsCall, recordAwsCalls } from '../../e2e/aws-call-recorder.ts';
import { missing, unused } from '../../e2e/compare-grants.ts';
import { openWorld, ORGANIZATION, type World } from '../../e2e/lambda-function.ts';
import { runBundle } from '../../e2e/run-bundle.ts';

const SQS_ARN = 'arn:aws:sqs:us-east-1:000000000000:';
const RULES = {
  schema: 'genesys-media-archive/quarantine/v1',
  rules: [{ name: 'calls', media: ['call'], for: '30d' }],
};

let dir: string;
let world: World;
let resources: ArchiveResources;
let calls: readonly AwsCall[];
let outcomes: readonly unknown[];
let released: Awaited<ReturnType<typeof runCli>>;
let releases: readonly AwsCall[];

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'iam-quarantine-'));
  world = await openWorld({
    recordings: [{ seconds: 1 }, { bytes: 18_000_000 }],
    // as the stack makes it
    s3: { dir: join(dir, 's3'), bucket: 'recordings', lock: true },
  });
  const { simulator, environment } = world;
  resources = {
    bucketArn: 'arn:aws:s3:::recordings',
    bucketName: 'recordings',
    keyArn: environment['ARCHIVE_KMS_KEY_ID'] ?? '',
    organizationId: ORGANIZATION,
    queueArn: `${SQS_ARN}recordings`,
    deadLetterQueueArn: `${SQS_ARN}recordings-dead`,
    logGroupArn: 'arn:aws:logs:us-east-1:000000000000:log-group:/aws/lambda/archiver',
    secretArns: ['GENESYS_SECRET_ARN', 'ARCHIVE_SIGNING_KEY_SECRET_ARN', 'ARCHIVE_WEBHOOK_SECRET_ARN'].map(
      (name) => environment[name] ?? '',
    ),
    quarantine: true,
    clientSecretArns: [environment['GENESYS_SECRET_ARN'] ?? ''],
    signingSecretArn: environment['ARCHIVE_SIGNING_KEY_SECRET_ARN'] ?? '',
  };
  const [small, broken] = simulator.recordings.map(({ id }) => id);
  const cut = { kind: 'cut', atByte: 12_000_000, keepLength: true } as const;
  simulator.faults.add({ on: 'download', id: broken ?? '', times: 99, fault: cut });
  simulator.faults.add({ on: 'download', id: broken ?? '', times: 99, fault: { kind: 'no-range' } });
  const recorder = await recordAwsCalls(
    { ...environment, ARCHIVE_QUARANTINE: JSON.stringify(RULES) },
    (service, name) => (service === 'kms' ? name : `${SQS_ARN}${name}`),
  );
  const events = [small, small, broken].map((id) => simulator.event(id ?? '', 'bare'));
  ({ outcomes } = await runBundle('archive', { dir, events, environment: recorder.environment }));
  await recorder.close();
  ({ calls } = recorder);
  const releasing = await recordAwsCalls(
    { ...environment, ARCHIVE_QUARANTINE: JSON.stringify(RULES) },
    (service, name) => (service === 'kms' ? name : `${SQS_ARN}${name}`),
  );
  const command = [
    'quarantine',
    'release',
    small ?? '',
    '--reason',
    'screened',
    '--by',
    'A. Brandt',
    '--yes',
    '1',
  ];
  released = await runCli([...command, '--json'], { env: releasing.environment });
  await releasing.close();
  ({ calls: releases } = releasing);
}, 120_000);

afterAll(async () => {
  await world.close();
  await rm(dir, { recursive: true, force: true });
});

describe('IAM of a quarantine', () => {
  it('lets the bundle of the function put and find what waits, and no more', () => {
    expect(outcomes).toEqual([
      expect.objectContaining({ statusCode: 200 }),
      expect.objectContaining({ statusCode: 200 }),
      { error: expect.stringMatching(/^MEDIA_/) as unknown },
    ]);
    const s3 = calls.filter(({ action }) => action.startsWith('s3:'));
    expect(missing(writerStatements(resources), s3)).toEqual([]);
    const grants = writerStatements(resources).filter(({ Sid }) =>
      ['KeepInQuarantine', 'SeeWhatIsLocked'].includes(Sid),
    );
    expect(grants).toHaveLength(2);
    expect(unused(grants, s3)).toEqual([]);
    const media = s3.filter(({ action, resource }) => action === 's3:PutObject' && resource.endsWith('.enc'));
    expect(media.length).toBeGreaterThan(1);
    expect(media.filter(({ resource }) => !resource.includes('/quarantine/archive/'))).toEqual([]);
  });

  it('lets a person with the role of the stack release, and that role removes nothing but what lay in quarantine', () => {
    expect({ code: released.code, stderr: released.stderr }).toEqual({
      code: 0,
      stderr: expect.not.stringContaining('error') as string,
    });
    expect(released.records()).toContainEqual(expect.objectContaining({ state: 'released' }));
    expect(missing(releaserStatements(resources), releases)).toEqual([]);
    const removed = releases.filter(({ action }) => action.startsWith('s3:Delete'));
    expect(removed.length).toBeGreaterThan(1);
    expect(removed.filter(({ resource }) => !/\/quarantine\/archive\//.test(resource))).toEqual([]);
    // no hold is here, no claim, context, transcript and waveform beside this recording, and its receipt states its hash
    const left = unused(releaserStatements(resources), releases).filter(
      (grant) =>
        !/\/(?:holds|claims|context|transcripts|peaks|links)\/|Version on .*:recordings\/receipts|AbortMultipart|Retention|LegalHold|^kms:/.test(
          grant,
        ),
    );
    expect(left).toEqual([]);
  });
});
