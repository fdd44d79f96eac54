import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DeleteObjectCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ArchiveResources } from '../../../infra/access/policies.ts';
import {
  comparingStatements,
  retentionStatements,
  verifierStatements,
} from '../../../infra/scheduled/statements.ts';
import { systemClock, unlimited } from '../../../src/clock.ts';
import { noteRemovals } from '../../../src/keep/retention/removal-notes.ts';
import { createS3Client } from '../../../src/store/s3/client.ts';
import { runCli } from '../../cli/run-cli.ts';
import { type AwsCall, recordAwsCalls } from '../../e2e/aws-call-recorder.ts';
import { missing, unused } from '../../e2e/compare-grants.ts';
import { openWorld, type World } from '../../e2e/lambda-function.ts';
import { runBundle } from '../../e2e/run-bundle.ts';
import { resourcesOf } from '../../e2e/stack-resources.ts';

/** The function that applies rules of retention as it ships, and the verification behind it: what they ask of AWS, compared with their roles. */

const CATALOGUE = 'the-catalogue';
const DAY_MS = 86_400_000;
const RULES = {
  schema: 'genesys-media-archive/retention/v1',
  by: 'tags',
  rules: [],
  otherwise: { keep: '0d', remove: '1d' },
};

interface Ran {
  readonly calls: readonly AwsCall[];
  readonly outcomes: readonly unknown[];
  readonly output: string;
}

let dir: string;
let world: World;
let resources: ArchiveResources;
let applied: Ran;
let verified: Ran;
let reconciled: string;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'iam-retention-'));
  // at one moment, and so on one day
  const startedAt = Date.now() - 60_000;
  world = await openWorld({
    recordings: Array.from({ length: 3 }, () => ({ seconds: 1, startedAt })),
    s3: { dir: join(dir, 's3'), bucket: 'recordings', others: [CATALOGUE] },
  });
  const credentials = { accessKeyId: 'simulator', secretAccessKey: 'simulator-secret-key' };
  resources = await resourcesOf(world, {
    catalogueBucketArn: `arn:aws:s3:::${CATALOGUE}`,
    signingSecretArn: world.environment['ARCHIVE_SIGNING_KEY_SECRET_ARN'] ?? '',
  });
  const environment = {
    ...world.environment,
    ARCHIVE_KMS_KEY_ID: resources.keyArn,
    ARCHIVE_CATALOGUE: `s3://${CATALOGUE}`,
  };
  const events = world.simulator.recordings.map(({ id }) => world.simulator.event(id, 'eventbridge'));
  await runBundle('archive', { dir, events, environment });
  const listed: string[] = [];
  for await (const { key } of world.store.list('archive/', unlimited)) listed.push(key);
  const [gone = '', held = ''] = listed;
  const [, year, month, date] = /^archive\/(\d{4})\/(\d{2})\/(\d{2})/.exec(gone) ?? [];
  const day = `${year}-${month}-${date}`;
  await runCli(['catalogue', 'update', '--from', day, '--to', day], { env: environment });
  await runCli(['hold', 'place', held, '--matter', 'm', '--by', 'Ito'], { env: environment });
  const record = async (name: string, event: unknown): Promise<Ran> => {
    const recorder = await recordAwsCalls(environment, (_service, id) => id);
    const ran = await runBundle(name, { dir, events: [event], environment: recorder.environment });
    await recorder.close();
    return { ...ran, calls: recorder.calls };
  };
  applied = await record('retention', { rules: RULES, from: day, to: day });
  // days later, as the bucket does
  await noteRemovals(
    { store: world.store, keys: new Map(), clock: systemClock },
    { dayOf: () => day, signer: () => Promise.resolve(undefined) },
    new Map([[gone, { from: Date.now() - DAY_MS, until: undefined }]]),
    unlimited,
  );
  const client = createS3Client({
    endpoint: world.simulator.s3?.url ?? '',
    region: 'us-east-1',
    credentials,
    forcePathStyle: true,
  });
  await client.send(new DeleteObjectCommand({ Bucket: 'recordings', Key: gone }));
  client.destroy();
  verified = await record('verify', { days: 1, depth: 'head' });
  const { stdout } = await runCli(['find', '--state', 'expired', '--from', day, '--to', day, '--json'], {
    env: environment,
  });
  reconciled = stdout;
}, 180_000);

afterAll(async () => {
  await world.close();
  await rm(dir, { recursive: true, force: true });
});

describe('the function that applies rules of retention', () => {
  it('tags what its rules let go, and nothing that is held', () => {
    expect({ output: applied.output, outcomes: applied.outcomes }).toEqual({
      output: applied.output,
      outcomes: [expect.objectContaining({ days: 1, objects: 3, tagged: 2, locked: 0 })],
    });
  });

  it('asks for nothing that its role lacks, and its role has nothing that it does not ask for', () => {
    const statements = retentionStatements(resources, false);
    expect(missing(statements, applied.calls)).toEqual([]);
    // contexts and transcripts are not kept here, a bucket without locks has no holds of its own, and a note is read by the next run
    const left = unused(statements, applied.calls).filter(
      (grant) => !/\/(?:context|transcripts|removals)\/\*$|GetObjectLegalHold/.test(grant),
    );
    expect(left).toEqual([]);
    const written = applied.calls.filter(({ action }) => action === 's3:PutObject');
    expect(written.map(({ resource }) => /\/removals\//.test(resource))).toEqual([true]);
    expect(applied.calls.filter(({ action }) => action.startsWith('kms:'))).toEqual([]);
  });
});

describe('the verification behind it', () => {
  it('finds nothing missing where the bucket removed what a note lets go, with what its role has', () => {
    expect({ output: verified.output, outcomes: verified.outcomes }).toEqual({
      output: verified.output,
      outcomes: [expect.objectContaining({ complete: true, failed: 0, findings: 0, checked: 3 })],
    });
    const statements = [...verifierStatements(resources, false), ...comparingStatements(resources)];
    expect(missing(statements, verified.calls)).toEqual([]);
    const left = unused(statements, verified.calls).filter((grant) => !grant.endsWith('/erasures/*'));
    expect(left).toEqual([]);
    expect(reconciled).not.toContain('missing');
  });
});
