import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreateKeyCommand, DescribeKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import { DeleteObjectCommand, GetObjectCommand, ListObjectsV2Command } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ArchiveResources } from '../../../infra/access/policies.ts';
import { drillerStatements } from '../../../infra/scheduled/statements.ts';
import { systemClock, unlimited } from '../../../src/clock.ts';
import { noteRemovals } from '../../../src/keep/retention/removal-notes.ts';
import { canonicalJson } from '../../../src/record/canonical-json.ts';
import { type Erasure, erasureKey, subjectHash } from '../../../src/record/erasure.ts';
import { receiptKey } from '../../../src/record/object-key.ts';
import { getSmall, putSmall } from '../../../src/record/small-object.ts';
import { createS3Client } from '../../../src/store/s3/client.ts';
import { runCli } from '../../cli/run-cli.ts';
import { type AwsCall, recordAwsCalls } from '../../e2e/aws-call-recorder.ts';
import { missing, unused } from '../../e2e/compare-grants.ts';
import { openWorld, ORGANIZATION, type World } from '../../e2e/lambda-function.ts';
import { runBundle } from '../../e2e/run-bundle.ts';

/** The restore drill as it ships: what it asks of AWS, compared with what its role allows. */

const ORIGIN = `recordings.example.com/proof/${ORGANIZATION}`;
const RECORDS = 'the-keys';
const DAY_MS = 86_400_000;

let dir: string;
let world: World;
let resources: ArchiveResources;
let calls: readonly AwsCall[];
let outcomes: readonly Readonly<Record<string, unknown>>[];
let output: string;

const idOf = (key: string) => key.replace(/^.*\//, '').replace(/\.enc$/, '');

/** Four recordings in a sealed log: one is held, one was erased, one was let go by a rule of retention, and the key record of one is gone. */
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'iam-drill-'));
  world = await openWorld({
    recordings: [{ seconds: 1 }, { seconds: 1 }, { seconds: 1 }, { seconds: 1 }],
    s3: { dir: join(dir, 's3'), bucket: 'recordings', others: [RECORDS] },
  });
  const credentials = { accessKeyId: 'simulator', secretAccessKey: 'simulator-secret-key' };
  const kms = new KMSClient({ endpoint: world.simulator.kms?.url ?? '', region: 'us-east-1', credentials });
  const { KeyMetadata } = await kms.send(new DescribeKeyCommand({ KeyId: 'alias/recordings' }));
  const makeKey = async () => {
    const made = await kms.send(
      new CreateKeyCommand({ KeySpec: 'ECC_NIST_EDWARDS25519', KeyUsage: 'SIGN_VERIFY' }),
    );
    return made.KeyMetadata?.Arn ?? '';
  };
  const [keyArn, logKeyArn, drillKeyArn] = [KeyMetadata?.Arn ?? '', await makeKey(), await makeKey()];
  kms.destroy();
  const environment: Record<string, string> = {
    ...world.environment,
    ARCHIVE_KMS_KEY_ID: keyArn,
    ARCHIVE_KEY_PLACEMENT: 'records',
    ARCHIVE_KEY_RECORDS: `s3://${RECORDS}`,
    ARCHIVE_PROOF_ORIGIN: ORIGIN,
    ARCHIVE_PROOF_KMS_KEY_ID: logKeyArn,
  };
  const events = world.simulator.recordings.map(({ id }) => world.simulator.event(id, 'eventbridge'));
  await runBundle('archive', { dir, events, environment });
  const listed: string[] = [];
  for await (const { key } of world.store.list('archive/', unlimited)) listed.push(key);
  const [expired = '', erased = '', held = '', unkeyed = ''] = listed;
  const [, year, month, date] = /^archive\/(\d{4})\/(\d{2})\/(\d{2})/.exec(expired) ?? [];
  const day = `${year}-${month}-${date}`;
  const { ARCHIVE_WEBHOOK_SECRET_ARN: _webhook, ...sealing } = environment;
  for (const args of [
    ['seal', '--init', '--from', day],
    ['seal', '--now'],
  ]) {
    const sealed = await runCli(args, { env: sealing });
    if (sealed.code !== 0) throw new Error(`${args.join(' ')}: ${sealed.stdout}${sealed.stderr}`);
  }
  await runCli(['hold', 'place', held, '--matter', 'm', '--by', 'Ito'], { env: environment });
  const client = createS3Client({
    endpoint: world.simulator.s3?.url ?? '',
    region: 'us-east-1',
    credentials,
    forcePathStyle: true,
  });
  const remove = (key: string) => client.send(new DeleteObjectCommand({ Bucket: 'recordings', Key: key }));
  await noteRemovals(
    { store: world.store, keys: new Map(), clock: systemClock },
    { dayOf: () => day, signer: () => Promise.resolve(undefined) },
    new Map([[expired, { from: Date.now() - DAY_MS, until: undefined }]]),
    unlimited,
  );
  await remove(expired);
  const receipt = (await getSmall(world.store, receiptKey(erased), 1_048_576, unlimited)) ?? '';
  const recording = idOf(erased);
  const tombstone: Erasure = {
    schema: 'genesys-media-archive/erasure/v1',
    id: subjectHash(recording),
    day,
    what: ['media', 'receipt'],
    reason: 'request of the subject',
    at: new Date().toISOString(),
    recording: subjectHash(recording),
    receipt: createHash('sha256').update(receipt).digest('hex'),
  };
  await putSmall(
    world.store,
    erasureKey(tombstone.id),
    Buffer.from(`${canonicalJson(tombstone)}\n`),
    unlimited,
  );
  // without its key record, nothing opens the fourth
  const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket: RECORDS, Prefix: 'keys/' }));
  for (const { Key } of Contents) {
    const { Body } = await client.send(new GetObjectCommand({ Bucket: RECORDS, Key }));
    if ((await Body?.transformToString())?.includes(idOf(unkeyed)) === true)
      await client.send(new DeleteObjectCommand({ Bucket: RECORDS, Key }));
  }
  await remove(erased);
  await remove(receiptKey(erased));
  client.destroy();
  const { ARCHIVE_SIGNING_KEY_SECRET_ARN: _receipts, GENESYS_SECRET_ARN: _client, ...drilling } = sealing;
  const recorder = await recordAwsCalls(
    { ...drilling, ARCHIVE_DRILL_KMS_KEY_ID: drillKeyArn },
    (_service, name) => name,
  );
  ({ outcomes, output } = await runBundle('drill', {
    dir,
    events: [{ sample: 4 }, {}],
    environment: recorder.environment,
  }));
  await recorder.close();
  ({ calls } = recorder);
  resources = {
    bucketArn: 'arn:aws:s3:::recordings',
    bucketName: 'recordings',
    keyRecordsBucketArn: `arn:aws:s3:::${RECORDS}`,
    keyArn,
    logKeyArn,
    drillKeyArn,
    organizationId: ORGANIZATION,
    queueArn: 'queue',
    deadLetterQueueArn: 'dead-letters',
    logGroupArn: 'logs',
    secretArns: [],
  };
}, 180_000);

afterAll(async () => {
  await world.close();
  await rm(dir, { recursive: true, force: true });
});

describe('the restore drill of the stack', () => {
  it('restores what is there, tells what was erased from what cannot be opened, and is not due again on the same day', () => {
    expect({ output, outcomes }).toEqual({
      output,
      outcomes: [
        expect.objectContaining({
          state: 'drilled',
          drawn: 4,
          restored: 1,
          failed: 1,
          erased: 1,
          unknown: 0,
        }),
        { state: 'not-due', ageDays: 0 },
      ],
    });
  });

  it('writes one report and nothing else, and signs with its own key alone', () => {
    const writes = calls.filter(({ action }) => !/:(?:Get|List|Decrypt|Sign)/.test(action));
    expect(writes.map(({ action, resource }) => [action, resource])).toEqual([
      ['s3:PutObject', expect.stringMatching(/^arn:aws:s3:::recordings\/drills\/\d{4}\/\d{2}\/\d{2}\.json$/)],
    ]);
    const signed = calls.filter(({ action }) => action === 'kms:Sign');
    expect(signed.map(({ resource }) => resource)).toEqual([resources.drillKeyArn]);
  });

  it('asks for nothing that its role lacks, and its role has nothing that it does not ask for', () => {
    const statements = drillerStatements(resources);
    expect(missing(statements, calls)).toEqual([]);
    // no call of its own: without it S3 answers 403 for the record that is gone, which would be unknown, and not failed
    expect(unused(statements, calls)).toEqual([`s3:ListBucket on arn:aws:s3:::${RECORDS}`]);
  });
});
