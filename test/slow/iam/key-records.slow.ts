import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type ArchiveResources,
  auditorStatements,
  writerStatements,
} from '../../../infra/access/policies.ts';
import { rewrapStatements } from '../../../infra/access/rewrap-policies.ts';
import { verifierStatements } from '../../../infra/scheduled/statements.ts';
import { runCli } from '../../cli/run-cli.ts';
import { type AwsCall, recordAwsCalls } from '../../e2e/aws-call-recorder.ts';
import { missing, unused } from '../../e2e/compare-grants.ts';
import { openWorld, type World } from '../../e2e/lambda-function.ts';
import { runBundle } from '../../e2e/run-bundle.ts';
import { resourcesOf } from '../../e2e/stack-resources.ts';

/** The function, the verifier and people, with key records in a bucket of their own: what they ask of it, compared with their roles. */

const RECORDS = 'the-keys';

let dir: string;
let world: World;
let resources: ArchiveResources;
let environment: Record<string, string>;
const asked: Record<string, readonly AwsCall[]> = {};
let output = '';

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'iam-keys-'));
  world = await openWorld({
    recordings: [{ seconds: 1 }, { seconds: 1 }],
    s3: { dir: join(dir, 's3'), bucket: 'recordings', others: [RECORDS] },
    statesStartTime: false,
  });
  resources = await resourcesOf(world, {
    keyRecordsBucketArn: `arn:aws:s3:::${RECORDS}`,
  });
  environment = {
    ...world.environment,
    ARCHIVE_KMS_KEY_ID: resources.keyArn,
    ARCHIVE_KEY_PLACEMENT: 'records',
    ARCHIVE_KEY_RECORDS: `s3://${RECORDS}`,
  };
  const events = world.simulator.recordings.map(({ id }) => world.simulator.event(id, 'eventbridge'));
  const record = async (
    role: string,
    work: (env: Record<string, string>) => Promise<{ readonly output: string }>,
  ) => {
    const recorder = await recordAwsCalls(environment, (_service, id) => id);
    const ran = await work(recorder.environment);
    await recorder.close();
    asked[role] = recorder.calls;
    output += ran.output;
  };
  await record('writer', (env) => runBundle('archive', { dir, events, environment: env }));
  await record('verifier', (env) =>
    runBundle('verify', { dir, events: [{ days: 1, depth: 'head' }], environment: env }),
  );
  await record('auditor', async (env) => {
    const { code, stdout, stderr } = await runCli(['verify', '--all', '--depth', 'full'], { env });
    return { output: code === 0 ? '' : `${stdout}${stderr}` };
  });
}, 180_000);

afterAll(async () => {
  await world.close();
  await rm(dir, { recursive: true, force: true });
});

const onRecords = (role: string) =>
  (asked[role] ?? []).filter(({ resource }) => resource.startsWith(`arn:aws:s3:::${RECORDS}`));
const actions = (role: string) => [...new Set(onRecords(role).map(({ action }) => action))].toSorted();
/** Of the statements that are about key records. */
const ofRecords = (grants: readonly string[]) => grants.filter((grant) => grant.includes(RECORDS));

describe('key records in a bucket of their own', () => {
  it('are put by the function, one for each recording, and never read or looked for by it', () => {
    expect({ output, actions: actions('writer') }).toEqual({ output, actions: ['s3:PutObject'] });
    expect(onRecords('writer')).toHaveLength(2);
    const statements = writerStatements(resources);
    expect(missing(statements, onRecords('writer'))).toEqual([]);
    expect(ofRecords(unused(statements, onRecords('writer')))).toEqual([]);
  });

  it('are read by the verifier, which can open none of the data keys', () => {
    expect(actions('verifier')).toContain('s3:GetObject');
    const statements = verifierStatements(resources, false);
    expect(missing(statements, onRecords('verifier'))).toEqual([]);
    expect(JSON.stringify(statements)).not.toContain('kms:');
  });

  it('are read by the auditor, and written only by the function and the role that moves data keys', () => {
    expect(missing(auditorStatements(resources), onRecords('auditor'))).toEqual([]);
    expect(actions('auditor')).not.toContain('s3:PutObject');
    const may = (statements: readonly { Action: readonly string[]; Resource: readonly string[] }[]) =>
      statements
        .filter(({ Resource }) => Resource.some((one) => one.includes(RECORDS)))
        .flatMap(({ Action }) => Action)
        .toSorted();
    expect(may(writerStatements(resources))).toEqual(['s3:PutObject']);
    expect(may(auditorStatements(resources))).toEqual(['s3:GetObject', 's3:ListBucket']);
    expect(may(verifierStatements(resources, true))).toEqual(['s3:GetObject', 's3:ListBucket']);
    expect(may(rewrapStatements(resources))).toEqual(['s3:GetObject', 's3:ListBucket', 's3:PutObject']);
    const without = { ...resources, keyRecordsBucketArn: undefined };
    expect(may(writerStatements(without))).toEqual([]);
  });
});
