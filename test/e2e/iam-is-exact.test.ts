import { spawn } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { CreateKeyCommand, DescribeKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type ArchiveResources,
  auditorStatements,
  rewrapStatements,
  type Statement,
  writerStatements,
} from '../../infra/policies.ts';
import { runCli } from '../cli/run-cli.ts';
import { type AwsCall, recordAwsCalls } from './aws-call-recorder.ts';
import { openWorld, ORGANIZATION, WEBHOOK_SECRET, type World } from './lambda-function.ts';

/**
 * Every call to AWS of an end-to-end run, of the bundle as it ships and of the command line, compared with what the roles of the stack
 * allow: nothing missing, nothing unused.
 */

/** Gives the events of a file to the handler of the bundle, one after the other, in a process of its own. */
const RUNNER = `
import { readFileSync } from 'node:fs';
const { handler } = await import(process.argv[2]);
const outcomes = [];
for (const event of JSON.parse(readFileSync(process.argv[3], 'utf8'))) {
  const context = { getRemainingTimeInMillis: () => 120000 };
  outcomes.push(await handler(event, context).catch(({ name }) => ({ error: name })));
}
process.stdout.write('OUTCOMES' + JSON.stringify(outcomes) + '\\n');
process.exit(0);
`;

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
    otherKeyArns: [otherKeyArn],
  };
  const environment = { ...world.environment, ARCHIVE_KMS_KEY_ID: keyArn };
  ({ calls: written, outcomes, output } = await runWriter({ ...environment, ARCHIVE_CONTEXT: '1' }));

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
  const rewrap = await recordAwsCalls(readingSettings, arnOf);
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
  const [runner, file] = [join(dir, 'runner.mjs'), join(dir, 'events.json')];
  await writeFile(runner, RUNNER);
  await writeFile(file, JSON.stringify(events));
  const child = spawn(process.execPath, [runner, resolve('dist/lambda/archive.mjs'), file], {
    env: { PATH: process.env['PATH'] ?? '', ...recorder.environment, AWS_LAMBDA_FUNCTION_NAME: 'archiver' },
    cwd: dir,
  });
  let output = '';
  const gather = (chunk: Buffer) => {
    output += chunk.toString();
  };
  child.stdout.on('data', gather);
  child.stderr.on('data', gather);
  await once(child, 'close');
  await recorder.close();
  const line = output.split('\n').find((text) => text.startsWith('OUTCOMES'));
  if (line === undefined) throw new Error(`the bundle did not run:\n${output}`);
  return {
    output,
    calls: recorder.calls,
    outcomes: JSON.parse(line.slice('OUTCOMES'.length)) as readonly Readonly<Record<string, unknown>>[],
  };
}

/** An asterisk stands for any characters, slashes among them, wherever it is. */
function matches(pattern: string, resource: string): boolean {
  const parts = pattern.split('*').map((part) => part.replaceAll(/[.\\+?^${}()|[\]]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`).test(resource);
}

function holds({ Condition = {} }: Statement, { conditions }: AwsCall): boolean {
  return Object.entries(Condition).every(([operator, wanted]) =>
    Object.entries(wanted).every(([key, value]) => {
      if (operator === 'StringEquals') return conditions[key] === value;
      if (operator === 'StringLike') return matches(value, conditions[key] ?? '');
      if (operator === 'Null') return String(conditions[key] === undefined) === value;
      throw new Error(`the operator ${operator} is not known here`);
    }),
  );
}

const allows = (statement: Statement, call: AwsCall, action: string, resource: string): boolean =>
  call.action === action && matches(resource, call.resource) && holds(statement, call);

function missing(statements: readonly Statement[], calls: readonly AwsCall[]): AwsCall[] {
  return calls.filter(
    (call) =>
      !statements.some((statement) =>
        statement.Resource.some((resource) =>
          statement.Action.some((action) => allows(statement, call, action, resource)),
        ),
      ),
  );
}

/** Each action on each resource that no call has asked for. */
function unused(statements: readonly Statement[], calls: readonly AwsCall[]): string[] {
  return statements.flatMap((statement) =>
    statement.Action.flatMap((action) =>
      statement.Resource.filter(
        (resource) => !calls.some((call) => allows(statement, call, action, resource)),
      ).map((resource) => `${action} on ${resource}`),
    ),
  );
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

  it('writer: every object is written only where there is none', () => {
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
});
