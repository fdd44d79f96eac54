import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ArchiveResources } from '../../../infra/access/policies.ts';
import {
  catalogueStatements,
  comparingStatements,
  factsStatements,
  jobsStatements,
  verifierStatements,
} from '../../../infra/scheduled/statements.ts';
import { runCli } from '../../cli/run-cli.ts';
import { type AwsCall, recordAwsCalls } from '../../e2e/aws-call-recorder.ts';
import { missing, unused } from '../../e2e/compare-grants.ts';
import { openWorld, type World } from '../../e2e/lambda-function.ts';
import { runBundle } from '../../e2e/run-bundle.ts';
import { resourcesOf } from '../../e2e/stack-resources.ts';

/** The compactor and the runner of jobs as they ship, with the second bucket: what they ask of AWS, compared with their roles. */

const CATALOGUE = 'the-catalogue';

let dir: string;
let world: World;
let resources: ArchiveResources;
let compacted: { readonly calls: readonly AwsCall[]; readonly outcomes: readonly unknown[] };
let worked: { readonly calls: readonly AwsCall[]; readonly outcomes: readonly unknown[] };
let compared: { readonly calls: readonly AwsCall[]; readonly outcomes: readonly unknown[] };
let fetched: { readonly calls: readonly AwsCall[]; readonly outcomes: readonly unknown[] };
let planned: number | undefined;
let output: string;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'iam-catalogue-'));
  world = await openWorld({
    recordings: [{ seconds: 1 }, { seconds: 1 }],
    s3: { dir: join(dir, 's3'), bucket: 'recordings', others: [CATALOGUE] },
    statesStartTime: false,
  });
  resources = await resourcesOf(world, {
    catalogueBucketArn: `arn:aws:s3:::${CATALOGUE}`,
    clientSecretArns: [world.environment['GENESYS_SECRET_ARN'] ?? ''],
    signingSecretArn: world.environment['ARCHIVE_SIGNING_KEY_SECRET_ARN'] ?? '',
  });
  const environment = {
    ...world.environment,
    ARCHIVE_KMS_KEY_ID: resources.keyArn,
    ARCHIVE_CATALOGUE: `s3://${CATALOGUE}`,
  };
  const events = world.simulator.recordings.map(({ id }) => world.simulator.event(id, 'eventbridge'));
  await runBundle('archive', { dir, events, environment });
  const record = async (name: string, ...given: readonly unknown[]) => {
    const recorder = await recordAwsCalls(environment, (_service, id) => id);
    const ran = await runBundle(name, { dir, events: given, environment: recorder.environment });
    await recorder.close();
    return { ...ran, calls: recorder.calls };
  };
  const catalogue = await record('catalogue', { scope: 'all' });
  compacted = catalogue;
  planned = (await runCli(['verify', '--all', '--depth', 'ciphertext', '--job'], { env: environment })).code;
  const jobs = await record('jobs', {});
  worked = jobs;
  compared = await record('verify', { days: 1, depth: 'head' });
  const day = new Date(Date.now() - 5 * 86_400_000).toISOString().slice(0, 10);
  world.simulator.world.gdprRequests.set('6b0c2f5e-0a52-4f7a-9d55-2f1d6a1a9b88', {
    id: '6b0c2f5e-0a52-4f7a-9d55-2f1d6a1a9b88',
    requestType: 'GDPR_EXPORT',
    createdAt: Date.now(),
    clientId: 'simulator-client',
    subject: { phoneNumbers: ['+4930111222'] },
  });
  // what it has noted by the first time it reads the second time
  const facts = await record('facts', { from: day, to: day }, { from: day, to: day });
  fetched = facts;
  output = `${catalogue.output}\n${jobs.output}\n${facts.output}`;
}, 180_000);

afterAll(async () => {
  await world.close();
  await rm(dir, { recursive: true, force: true });
});

const onRecordings = (calls: readonly AwsCall[], action: string) =>
  calls.filter(
    (call) => call.action === action && call.resource.startsWith('arn:aws:s3:::recordings/archive/'),
  );

describe('the compactor of the catalogue', () => {
  it('writes the catalogue of all that is archived', () => {
    expect({ output, outcomes: compacted.outcomes }).toEqual({
      output,
      outcomes: [expect.objectContaining({ complete: true, failed: 0, rows: 2 })],
    });
  });

  it('reads no recording and opens none: the data keys that it asks for are of people and search keys', () => {
    expect(onRecordings(compacted.calls, 's3:GetObject')).toEqual([]);
    const keys = compacted.calls.filter(({ action }) => action.startsWith('kms:'));
    for (const { conditions } of keys) {
      expect(conditions['kms:EncryptionContext:recording-id']).toMatch(/^(?:people|facts|search-key)\//);
    }
    const writes = compacted.calls.filter(({ action }) => action === 's3:PutObject');
    expect(writes.length).toBeGreaterThan(0);
    expect(
      writes.filter(({ resource }) => !resource.startsWith(`arn:aws:s3:::${CATALOGUE}/catalogue/`)),
    ).toEqual([]);
  });

  it('asks for nothing that its role lacks, and its role has nothing that it does not ask for', () => {
    const statements = catalogueStatements(resources);
    expect(missing(statements, compacted.calls)).toEqual([]);
    // this archive has no holds, erasures, facts, and nothing that a rule let go
    const left = unused(statements, compacted.calls).filter(
      (grant) => !/\/(?:holds|erasures|removals|facts)\/\*$/.test(grant),
    );
    expect(left).toEqual([]);
  });
});

describe('the scheduled verification', () => {
  it('holds the rows to the archive with what its role has in a stack with a catalogue, and no more', () => {
    expect(compared.outcomes).toEqual([
      expect.objectContaining({
        findings: 0,
        catalogue: expect.objectContaining({ status: 'compared', rows: 2 }),
      }),
    ]);
    const statements = [...verifierStatements(resources, false), ...comparingStatements(resources)];
    expect(missing(statements, compared.calls)).toEqual([]);
    const left = unused(statements, compared.calls).filter(
      (grant) => !/\/(?:holds|erasures|removals)\/\*$/.test(grant),
    );
    expect(left).toEqual([]);
  });
});

describe('the function that fetches facts', () => {
  it('seals the facts of a day, and asks for what its role has and no more', () => {
    expect({ output, outcomes: fetched.outcomes }).toEqual({
      output,
      outcomes: [
        { written: 1, fresh: 0, late: 0, audits: { written: 1, fresh: 0 }, requests: { known: 1, new: 1 } },
        { written: 0, fresh: 1, late: 0, audits: { written: 0, fresh: 1 }, requests: { known: 1, new: 0 } },
      ],
    });
    const statements = factsStatements(resources);
    expect(missing(statements, fetched.calls)).toEqual([]);
    // a note is looked at only where the answer to its writing was lost
    expect(unused(statements, fetched.calls)).toEqual([
      `s3:GetObject on arn:aws:s3:::${CATALOGUE}/requests/*`,
    ]);
    const touched = fetched.calls.filter(({ action }) => action.startsWith('s3:PutObject'));
    const written = touched.map(({ resource }) => resource.replace(/\d{4}\/\d{2}\/\d{2}/, 'DAY'));
    expect(written.toSorted()).toEqual([
      `arn:aws:s3:::${CATALOGUE}/audits/DAY/recordings.ndjson.gz.enc`,
      `arn:aws:s3:::${CATALOGUE}/facts/DAY/conversations.ndjson.gz.enc`,
      `arn:aws:s3:::${CATALOGUE}/requests/6b0c2f5e-0a52-4f7a-9d55-2f1d6a1a9b88.json`,
    ]);
    expect(onRecordings(fetched.calls, 's3:GetObject')).toEqual([]);
    expect(fetched.calls.filter(({ action }) => action === 'kms:Decrypt')).toEqual([]);
  });
});

describe('the runner of jobs', () => {
  it('works on what was planned elsewhere, to its end', () => {
    expect(planned).toBe(0);
    expect({ output, outcomes: worked.outcomes }).toEqual({
      output,
      outcomes: [expect.objectContaining({ jobs: 1, done: 2, failed: 0 })],
    });
  });

  it('asks for nothing that its role lacks, and keeps jobs in the second bucket alone', () => {
    const asked = worked.calls.filter(({ operation }) => operation !== 'HeadBucket');
    expect(missing(jobsStatements(resources), asked)).toEqual([]);
    const writes = asked.filter(({ action }) => action === 's3:PutObject');
    expect(writes.length).toBeGreaterThan(2);
    expect(writes.filter(({ resource }) => !resource.startsWith(`arn:aws:s3:::${CATALOGUE}/jobs/`))).toEqual(
      [],
    );
    expect(asked.filter(({ action }) => action === 'kms:Decrypt')).toEqual([]);
  });
});
