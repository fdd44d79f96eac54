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
import type { Statement } from '../../../infra/access/statement.ts';
import { rewrapStatements } from '../../../infra/access/rewrap-policies.ts';
import { verifierStatements } from '../../../infra/scheduled/statements.ts';
import { runCli } from '../../cli/run-cli.ts';
import { type AwsCall, recordAwsCalls } from '../../e2e/aws-call-recorder.ts';
import { missing, unused } from '../../e2e/compare-grants.ts';
import { openWorld, ORGANIZATION, type World } from '../../e2e/lambda-function.ts';
import { runBundle } from '../../e2e/run-bundle.ts';

/** Two archives in one bucket, by their prefixes: what each asks of AWS, compared with what its roles allow. */
const PREFIXES = ['first', 'second/customer'] as const;

type Role = 'writer' | 'auditor' | 'rewrap' | 'verifier';

interface Archive {
  readonly prefix: string;
  readonly resources: ArchiveResources;
  readonly calls: Readonly<Record<Role, readonly AwsCall[]>>;
  readonly codes: readonly (number | undefined)[];
  readonly outcome: unknown;
}

let dir: string;
let world: World;
let archives: readonly Archive[];

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'iam-shared-'));
  world = await openWorld({ recordings: [{ seconds: 1 }, { seconds: 1 }], statesStartTime: false });
  const kms = new KMSClient({
    endpoint: world.simulator.kms?.url ?? '',
    region: 'us-east-1',
    credentials: { accessKeyId: 'simulator', secretAccessKey: 'simulator-secret-key' },
  });
  const { KeyMetadata } = await kms.send(new DescribeKeyCommand({ KeyId: 'alias/recordings' }));
  const other = await kms.send(new CreateKeyCommand({}));
  kms.destroy();
  const keys = [KeyMetadata?.Arn ?? '', other.KeyMetadata?.Arn ?? ''] as const;
  const made: Archive[] = [];
  for (const [index, prefix] of PREFIXES.entries()) made.push(await runArchive(index, prefix, keys));
  archives = made;
}, 180_000);

afterAll(async () => {
  await world.close();
  await rm(dir, { recursive: true, force: true });
});

async function runArchive(
  index: number,
  prefix: string,
  [keyArn, otherKeyArn]: readonly [string, string],
): Promise<Archive> {
  const { S3_ARCHIVE_BUCKET: _, ...base } = world.environment;
  const environment = { ...base, ARCHIVE_KMS_KEY_ID: keyArn, ARCHIVE_STORE: `s3://recordings/${prefix}` };
  const signingSecretArn = world.environment['ARCHIVE_SIGNING_KEY_SECRET_ARN'] ?? '';
  const record = async <T>(
    settings: Readonly<Record<string, string>>,
    work: (environment: Readonly<Record<string, string>>) => Promise<T>,
  ) => {
    const recorder = await recordAwsCalls(settings, (_service, name) => name);
    const done = await work(recorder.environment);
    await recorder.close();
    return { done, calls: recorder.calls };
  };
  const event = world.simulator.event(world.simulator.recordings[index]?.id ?? '', 'eventbridge');
  const written = await record(environment, (env) =>
    runBundle('archive', { dir, events: [event, event], environment: env }),
  );
  const reading = Object.fromEntries(
    Object.entries(environment).filter(([name]) =>
      /^(?:AWS_|S3_|ARCHIVE_(?:ALLOW_LOOPBACK|KMS_KEY_ID|STORE)$|GENESYS_ORGANIZATION_ID$)/.test(name),
    ),
  );
  const audited = await record(reading, async (env) => [
    (await runCli(['list'], { env })).code,
    (await runCli(['verify', '--all'], { env })).code,
  ]);
  const signing = { ARCHIVE_SIGNING_KEY_SECRET_ARN: signingSecretArn };
  const rewrapped = await record({ ...reading, ...signing }, async (env) => {
    const move = async (from: string, to: string) =>
      (
        await runCli(['rewrap', '--all', '--wrap', `kms:${to}`], {
          env: { ...env, ARCHIVE_KMS_KEY_ID: from },
        })
      ).code;
    return [await move(keyArn, otherKeyArn), await move(otherKeyArn, keyArn)];
  });
  const verified = await record(reading, (env) =>
    runBundle('verify', { dir, events: [{ days: 1, depth: 'full' }], environment: env }),
  );
  return {
    prefix,
    resources: {
      bucketArn: 'arn:aws:s3:::recordings',
      bucketName: 'recordings',
      keyPrefix: `${prefix}/`,
      keyArn,
      organizationId: ORGANIZATION,
      queueArn: 'queue',
      deadLetterQueueArn: 'dead-letters',
      logGroupArn: 'logs',
      secretArns: [world.environment['GENESYS_SECRET_ARN'] ?? '', signingSecretArn],
      signingSecretArn,
      otherKeyArns: [otherKeyArn],
    },
    calls: {
      writer: written.calls,
      auditor: audited.calls,
      rewrap: rewrapped.calls,
      verifier: verified.calls,
    },
    codes: [...audited.done, ...rewrapped.done],
    outcome: verified.done.outcomes[0],
  };
}

const STATEMENTS: Readonly<Record<Role, (resources: ArchiveResources) => readonly Statement[]>> = {
  writer: writerStatements,
  auditor: auditorStatements,
  rewrap: rewrapStatements,
  verifier: (resources) => verifierStatements(resources, true),
};

/** What one small recording does not lead to; test/slow/iam/is-exact.slow.ts has all of it. */
const NOT_HERE =
  /^(?:sqs:|logs:|s3:AbortMultipartUpload)|\.instruction$|\/(?:claims|links|erasures|holds|removals)\/\*$/;
/** S3 asks for it by itself when an object is missing. */
const ASKED_BY_S3 = 's3:ListBucket on arn:aws:s3:::recordings';

describe('IAM is exact for archives that share a bucket', () => {
  it('each is archived, read, verified and rewrapped by itself', () => {
    for (const { prefix, codes, outcome } of archives) {
      expect([prefix, codes]).toEqual([prefix, [0, 0, 0, 0]]);
      // and sees nothing of the other
      expect(outcome).toMatchObject({ complete: true, checked: 1, intact: 1 });
    }
  });

  it.each(['writer', 'auditor', 'rewrap', 'verifier'] as const)(
    '%s: nothing missing, nothing unused below its prefix',
    (role) => {
      for (const { resources, calls } of archives) {
        const statements = STATEMENTS[role](resources);
        // which names no prefix: the archiver goes on without an answer
        const asked = calls[role].filter(({ operation }) => operation !== 'HeadBucket');
        expect(asked.length).toBeGreaterThan(2);
        expect(missing(statements, asked)).toEqual([]);
        const left = unused(statements, asked).filter((grant) => !NOT_HERE.test(grant));
        expect(left).toEqual(role === 'writer' ? [ASKED_BY_S3] : []);
      }
    },
  );

  it('allows nothing of the one to the other', () => {
    const [first, second] = archives;
    if (first === undefined || second === undefined) throw new Error('there are two');
    for (const [one, other] of [
      [first, second],
      [second, first],
    ] as const) {
      for (const role of ['writer', 'auditor', 'rewrap', 'verifier'] as const) {
        const objects = other.calls[role].filter(({ action }) => action.startsWith('s3:'));
        expect(missing(STATEMENTS[role](one.resources), objects)).toEqual(objects);
      }
    }
  });
});
