import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eraserStatements } from '../../../infra/access/erase-policies.ts';
import type { ArchiveResources } from '../../../infra/access/policies.ts';
import { runCli } from '../../cli/run-cli.ts';
import { type AwsCall, recordAwsCalls } from '../../e2e/aws-call-recorder.ts';
import { missing, unused } from '../../e2e/compare-grants.ts';
import { openWorld, type World } from '../../e2e/lambda-function.ts';
import { runBundle } from '../../e2e/run-bundle.ts';
import { resourcesOf } from '../../e2e/stack-resources.ts';

/** An erasure in a deployed archive, by a person with the role of the stack: what it asks of AWS, compared with that role. */

const CATALOGUE = 'the-catalogue';
const RECORDS = 'the-keys';

let dir: string;
let world: World;
let resources: ArchiveResources;
let calls: readonly AwsCall[];
let ends: readonly { readonly code: number | undefined; readonly stderr: string }[];
let left: { readonly code: number | undefined; readonly stderr: string };

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'iam-erase-'));
  world = await openWorld({
    recordings: [{ seconds: 1 }, { seconds: 1 }],
    s3: { dir: join(dir, 's3'), bucket: 'recordings', others: [CATALOGUE, RECORDS], lock: true },
    statesStartTime: false,
  });
  resources = await resourcesOf(world, {
    catalogueBucketArn: `arn:aws:s3:::${CATALOGUE}`,
    keyRecordsBucketArn: `arn:aws:s3:::${RECORDS}`,
    signingSecretArn: world.environment['ARCHIVE_SIGNING_KEY_SECRET_ARN'] ?? '',
  });
  const environment = {
    ...world.environment,
    ARCHIVE_KMS_KEY_ID: resources.keyArn,
    ARCHIVE_CATALOGUE: `s3://${CATALOGUE}`,
    ARCHIVE_KEY_PLACEMENT: 'records',
    ARCHIVE_KEY_RECORDS: `s3://${RECORDS}`,
  };
  const events = world.simulator.recordings.map(({ id }) => world.simulator.event(id, 'eventbridge'));
  await runBundle('archive', { dir, events, environment });
  await runBundle('catalogue', { dir, events: [{ scope: 'all' }], environment });
  const recorder = await recordAwsCalls(environment, (_service, id) => id);
  const run = (...args: readonly string[]) => runCli(args, { env: recorder.environment });
  const [first] = world.simulator.recordings;
  const planned = await run('erase', first?.id ?? '', '--reason', 'request 31', '--json');
  const name = String(planned.records().find(({ type }) => type === 'plan')?.['plan']);
  const done = await run('erase', '--confirm', name, '--yes', '1');
  const status = await run('erase', 'status');
  await recorder.close();
  ends = [planned, done, status];
  ({ calls } = recorder);
  left = await runCli(['restore', first?.id ?? '', '-o', join(dir, 'out')], { env: environment });
}, 180_000);

afterAll(async () => {
  await world.close();
  await rm(dir, { recursive: true, force: true });
});

describe('the role that erases', () => {
  it('has what an erasure takes from its plan to its end', () => {
    expect(ends.map(({ code, stderr }) => ({ code, stderr }))).toEqual(
      ends.map(({ stderr }) => ({ code: 0, stderr })),
    );
    expect(left.stderr).toContain('[RECORDING_ERASED]');
    expect(missing(eraserStatements(resources), calls)).toEqual([]);
  });

  it('has nothing that it does not ask for, and opens no recording', () => {
    const grants = unused(eraserStatements(resources), calls).filter(
      // the archive has no log, no facts and so no people, no lock, no upload that was broken off, and the other buckets no older version
      (grant) =>
        !/\/lists\/|\/facts\/|Abort|Retention|LegalHold|GenerateDataKey|GetObjectVersion on .*:the-/.test(
          grant,
        ),
    );
    expect(grants).toEqual([]);
    const opened = calls.filter(({ action }) => action === 'kms:Decrypt' || action === 'kms:GenerateDataKey');
    for (const { conditions } of opened)
      expect(conditions['kms:EncryptionContext:recording-id']).toMatch(/^(?:people|facts|search-key)\//);
  });
});
