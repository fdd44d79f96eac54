import { createHmac } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreateKeyCommand, DescribeKeyCommand, KMSClient } from '@aws-sdk/client-kms';
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
import { openWorld, ORGANIZATION, WEBHOOK_SECRET, type World } from '../../e2e/lambda-function.ts';
import { runBundle } from '../../e2e/run-bundle.ts';

/**
 * Every call to AWS of an end-to-end run, of the bundle as it ships and of the command line, compared with what the roles of the stack
 * allow: nothing missing, nothing unused.
 */

const SQS_ARN = 'arn:aws:sqs:us-east-1:000000000000:';

/** What the role may do and the function itself never does, and why. */
const NOT_BY_THE_FUNCTION: Readonly<Record<string, string>> = {
  'sqs:ReceiveMessage': 'Lambda’s event source mapping polls the queue with the function’s role',
  'sqs:DeleteMessage': 'the same removes what the answer acknowledges',
  'sqs:GetQueueAttributes': 'the same scales by the length of the queue',
  'logs:CreateLogStream': 'Lambda writes what the function prints, with the function’s role',
  'logs:PutLogEvents': 'the same',
};

let dir: string;
let world: World;
let resources: ArchiveResources & { readonly otherKeyArns: readonly string[] };
let written: readonly AwsCall[];
let outcomes: readonly Readonly<Record<string, unknown>>[];
/** What the function printed, for whoever looks for the reason of a failure. */
let output: string;
let audited: readonly AwsCall[];
let rewrapped: readonly AwsCall[];
let verified: Readonly<Record<'head' | 'full', readonly AwsCall[]>>;
let samples: readonly unknown[];
let codes: readonly (number | undefined)[];

const arnOf = (service: 'kms' | 'sqs', name: string) => (service === 'kms' ? name : `${SQS_ARN}${name}`);

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'iam-'));
  world = await openWorld({
    recordings: [
      { seconds: 1 },
      { bytes: 20_000_000 },
      { bytes: 18_000_000 },
      { seconds: 1 },
      { seconds: 1 },
    ],
    conversations: [{ recordings: [{}, { fate: 'deleted' }] }],
    statesStartTime: false,
  });
  const kms = new KMSClient({
    endpoint: world.simulator.kms?.url ?? '',
    region: 'us-east-1',
    credentials: { accessKeyId: 'simulator', secretAccessKey: 'simulator-secret-key' },
  });
  const key = await kms.send(new DescribeKeyCommand({ KeyId: 'alias/recordings' }));
  const other = await kms.send(new CreateKeyCommand({}));
  kms.destroy();
  const keyArn = key.KeyMetadata?.Arn ?? '';
  const otherKeyArn = other.KeyMetadata?.Arn ?? '';
  resources = {
    bucketArn: 'arn:aws:s3:::recordings',
    bucketName: 'recordings',
    keyArn,
    organizationId: ORGANIZATION,
    queueArn: `${SQS_ARN}recordings`,
    deadLetterQueueArn: `${SQS_ARN}recordings-dead`,
    logGroupArn: 'arn:aws:logs:us-east-1:000000000000:log-group:/aws/lambda/archiver',
    secretArns: ['GENESYS_SECRET_ARN', 'ARCHIVE_SIGNING_KEY_SECRET_ARN', 'ARCHIVE_WEBHOOK_SECRET_ARN'].map(
      (name) => world.environment[name] ?? '',
    ),
    context: true,
    transcripts: true,
    signingSecretArn: world.environment['ARCHIVE_SIGNING_KEY_SECRET_ARN'],
    otherKeyArns: [otherKeyArn],
  };
  const environment = { ...world.environment, ARCHIVE_KMS_KEY_ID: keyArn };
  ({
    calls: written,
    outcomes,
    output,
  } = await runWriter({
    ...environment,
    ARCHIVE_CONTEXT: '1',
    ARCHIVE_TRANSCRIPTS: '1',
    ARCHIVE_TRANSCRIPTS_WAIT: '0s',
  }));

  const readingSettings = pick(environment, [
    /^AWS_/,
    /^S3_/,
    /^ARCHIVE_(?:ALLOW_LOOPBACK|KMS_KEY_ID)$/,
    /^GENESYS_ORGANIZATION_ID$/,
  ]);
  readingSettings['ARCHIVE_STORE'] = 's3://recordings';
  const [first] = world.simulator.recordings;
  const audit = await recordAwsCalls(readingSettings, arnOf);
  const out = join(dir, 'restored.wav');
  const commands = [['list'], ['restore', first?.id ?? '', '-o', out], ['verify', '--all']];
  const ends: (number | undefined)[] = [];
  for (const command of commands) ends.push((await runCli(command, { env: audit.environment })).code);
  audited = audit.calls;
  await audit.close();
  const signing = pick(environment, [/^ARCHIVE_SIGNING_KEY_SECRET_ARN$/]);
  const rewrap = await recordAwsCalls({ ...readingSettings, ...signing }, arnOf);
  // to the other key, and back
  for (const [from, to] of [
    [keyArn, otherKeyArn],
    [otherKeyArn, keyArn],
  ]) {
    const env = { ...rewrap.environment, ARCHIVE_KMS_KEY_ID: from ?? '' };
    ends.push((await runCli(['rewrap', '--all', '--wrap', `kms:${to}`], { env })).code);
  }
  rewrapped = rewrap.calls;
  await rewrap.close();
  codes = ends;
  const sample = async (depth: 'head' | 'full') => {
    const recorder = await recordAwsCalls(readingSettings, arnOf);
    const { outcomes: reports } = await runBundle('verify', {
      dir,
      events: [{ days: 1, depth }],
      environment: recorder.environment,
    });
    await recorder.close();
    return { calls: recorder.calls, report: reports[0] };
  };
  const [head, full] = [await sample('head'), await sample('full')];
  verified = { head: head.calls, full: full.calls };
  samples = [head.report, full.report];
}, 180_000);

afterAll(async () => {
  await world.close();
  await rm(dir, { recursive: true, force: true });
});

function pick(environment: Readonly<Record<string, string>>, names: readonly RegExp[]) {
  return Object.fromEntries(
    Object.entries(environment).filter(([name]) => names.some((pattern) => pattern.test(name))),
  );
}

/** Everything that a function meets: new, redelivered, large, broken, late, gone and hopeless. */
async function runWriter(environment: Readonly<Record<string, string>>) {
  const { simulator, sqs } = world;
  const [small, large, broken, late, hooked] = simulator.recordings.map(({ id }) => id);
  const [conversation] = simulator.world.conversations;
  const cut = { kind: 'cut', atByte: 12_000_000, keepLength: true } as const;
  simulator.faults.add({ on: 'download', id: broken ?? '', times: 99, fault: cut });
  simulator.faults.add({ on: 'download', id: broken ?? '', times: 99, fault: { kind: 'no-range' } });
  const lateEvent = JSON.stringify(simulator.event(late ?? '', 'eventbridge'));
  simulator.setStatus(late ?? '', 'processing');
  for (const body of [lateEvent, '{"detail": {"data": {}}}']) {
    sqs.queues.send('recordings', body, {}, Date.now(), 0);
  }
  const Records = sqs.queues.receive('recordings', 10, 600, Date.now()).map(({ id, handle, body }) => ({
    messageId: id,
    receiptHandle: handle,
    body,
    eventSource: 'aws:sqs',
    eventSourceARN: resources.queueArn,
  }));
  const body = JSON.stringify(simulator.event(hooked ?? '', 'webhook'));
  const signature = createHmac('sha256', WEBHOOK_SECRET).update(body).digest('hex');
  const events = [
    simulator.event(small ?? '', 'eventbridge'),
    simulator.event(small ?? '', 'eventbridge'),
    simulator.event(large ?? '', 'bare'),
    simulator.event(large ?? '', 'bare'),
    simulator.event(broken ?? '', 'bare'),
    // on a machine that is very busy the first attempt to reach the queue may run out of its 2 s
    { Records },
    { Records },
    {
      requestContext: { http: { method: 'POST' } },
      headers: { 'x-hub-signature-256': `sha256=${signature}` },
      body,
    },
    simulator.conversationEvent(conversation?.id ?? ''),
  ];
  const recorder = await recordAwsCalls(environment, arnOf);
  const ran = await runBundle('archive', { dir, events, environment: recorder.environment });
  await recorder.close();
  return { ...ran, calls: recorder.calls };
}

describe('IAM is exact', () => {
  it('the run is a whole one: it meets everything that a function meets', () => {
    expect({ output, outcomes }).toEqual({
      output,
      outcomes: [
        expect.objectContaining({ statusCode: 200 }),
        expect.objectContaining({ statusCode: 200 }),
        expect.objectContaining({ statusCode: 200 }),
        expect.objectContaining({ statusCode: 200 }),
        { error: expect.stringMatching(/^MEDIA_/) as unknown },
        { batchItemFailures: expect.anything() as unknown },
        { batchItemFailures: [expect.anything()] },
        expect.objectContaining({ statusCode: 200 }),
        expect.objectContaining({ statusCode: 200 }),
      ],
    });
    expect(codes).toEqual([0, 0, 0, 0, 0]);
    const operations = new Set(written.map(({ operation }) => operation));
    for (const operation of [
      'PutObject',
      'CreateMultipartUpload',
      'UploadPart',
      'CompleteMultipartUpload',
      'AbortMultipartUpload',
    ]) {
      expect(operations).toContain(operation);
    }
  });

  it('writer: nothing missing, nothing unused', () => {
    const statements = writerStatements(resources);
    expect(missing(statements, written)).toEqual([]);
    const left = unused(statements, written).filter((grant) => {
      const [action = ''] = grant.split(' ');
      return !(action in NOT_BY_THE_FUNCTION);
    });
    expect(left).toEqual([]);
    // and nobody but the platform does what only the platform is said to do
    expect(written.filter(({ action }) => action in NOT_BY_THE_FUNCTION)).toEqual([]);
  });

  it('writer: every object is written only where it is absent', () => {
    const commits = written.filter(({ operation }) =>
      ['PutObject', 'CompleteMultipartUpload'].includes(operation),
    );
    expect(commits.length).toBeGreaterThan(10);
    expect(commits.filter(({ conditions }) => conditions['s3:if-none-match'] !== '*')).toEqual([]);
  });

  it('writer: every data key is bound to organization, conversation and recording', () => {
    const keys = written.filter(({ action }) => action.startsWith('kms:'));
    expect(keys.length).toBeGreaterThan(3);
    for (const { conditions } of keys) {
      expect(conditions).toMatchObject({
        'kms:EncryptionContext:genesys-cloud-organization-id': ORGANIZATION,
        'kms:EncryptionContext:conversation-id': expect.stringMatching(/./) as unknown,
        'kms:EncryptionContext:recording-id': expect.stringMatching(/./) as unknown,
      });
    }
  });

  it('auditor: nothing missing, nothing unused', () => {
    const statements = auditorStatements(resources);
    expect(missing(statements, audited)).toEqual([]);
    expect(unused(statements, audited)).toEqual([]);
  });

  it('rewrap: writes copies of media and amendments of receipts, and nothing else', () => {
    const writes = rewrapped.filter(({ action }) => action === 's3:PutObject');
    expect(writes.length).toBeGreaterThan(3);
    for (const { resource, conditions } of writes) {
      const isCopy = resource === `arn:aws:s3:::${conditions['s3:x-amz-copy-source']}`;
      expect([resource, isCopy || /\.wrap-[0-9a-f]{16}\.json$/.test(resource)]).toEqual([resource, true]);
    }
  });

  it('rewrap: nothing missing, nothing unused', () => {
    const statements = rewrapStatements(resources);
    expect(missing(statements, rewrapped)).toEqual([]);
    // this run has no adopted recordings, whose wraps alone are in files of their own
    const left = unused(statements, rewrapped).filter((grant) => !grant.endsWith('.instruction'));
    expect(left).toEqual([]);
  });

  it.each([
    ['head', false],
    ['full', true],
  ] as const)('verifier at depth %s: nothing missing, nothing unused, nothing written', (depth, decrypts) => {
    const statements = verifierStatements(resources, decrypts);
    const calls = verified[depth];
    const complete = { complete: true, failed: 0, findings: 0, checked: 5 };
    expect(samples).toEqual([expect.objectContaining(complete), expect.objectContaining(complete)]);
    expect(missing(statements, calls)).toEqual([]);
    // read where an object is gone that was noted as one that may go: test/slow/iam/retention.slow.ts
    const left = unused(statements, calls).filter((grant) => !/\/(?:holds|removals)\/\*$/.test(grant));
    expect(left).toEqual([]);
    expect(calls.filter(({ action }) => !/^(?:s3:(?:Get|List)|kms:Decrypt$)/.test(action))).toEqual([]);
  });
});
