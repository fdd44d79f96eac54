import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreateKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { unlimited } from '../../../src/clock.ts';
import { putSmall } from '../../../src/record/small-object.ts';
import type { ArchiveResources } from '../../../infra/access/policies.ts';
import { sealerStatements } from '../../../infra/scheduled/statements.ts';
import { type AwsCall, recordAwsCalls } from '../../e2e/aws-call-recorder.ts';
import { missing, unused } from '../../e2e/compare-grants.ts';
import { openWorld, ORGANIZATION, type World } from '../../e2e/lambda-function.ts';
import { runBundle } from '../../e2e/run-bundle.ts';
import { accessEntries } from '../../proof/access-fixture.ts';

/** The sealer as it ships: what it asks of AWS, compared with what its role allows. */

const ORIGIN = `recordings.example.com/proof/${ORGANIZATION}`;

let dir: string;
let world: World;
let resources: ArchiveResources;
let calls: readonly AwsCall[];
let outcomes: readonly Readonly<Record<string, unknown>>[];
let output: string;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'iam-seal-'));
  world = await openWorld({ recordings: [{ seconds: 1 }, { seconds: 1 }] });
  const client = new KMSClient({
    endpoint: world.simulator.kms?.url ?? '',
    region: 'us-east-1',
    credentials: { accessKeyId: 'simulator', secretAccessKey: 'simulator-secret-key' },
  });
  const { KeyMetadata } = await client.send(
    new CreateKeyCommand({ KeySpec: 'ECC_NIST_EDWARDS25519', KeyUsage: 'SIGN_VERIFY' }),
  );
  client.destroy();
  const logKeyArn = KeyMetadata?.Arn ?? '';
  const events = world.simulator.recordings.map(({ id }) => world.simulator.event(id, 'eventbridge'));
  await runBundle('archive', { dir, events, environment: world.environment });
  const {
    ARCHIVE_SIGNING_KEY_SECRET_ARN: _receipts,
    ARCHIVE_WEBHOOK_SECRET_ARN: _webhook,
    ...environment
  } = world.environment;
  const recorder = await recordAwsCalls(
    { ...environment, ARCHIVE_PROOF_ORIGIN: ORIGIN, ARCHIVE_PROOF_KMS_KEY_ID: logKeyArn },
    (_service, name) => name,
  );
  const yesterday = new Date(Date.now() - 86_400_000).toISOString().slice(0, 10);
  for (const { key, bytes } of accessEntries(yesterday, [1]))
    await putSmall(world.store, key, bytes, unlimited);
  ({ outcomes, output } = await runBundle('seal', {
    dir,
    events: [{ init: { first: yesterday } }, {}],
    environment: recorder.environment,
  }));
  await recorder.close();
  ({ calls } = recorder);
  resources = {
    bucketArn: 'arn:aws:s3:::recordings',
    bucketName: 'recordings',
    keyArn: 'key',
    logKeyArn,
    organizationId: ORGANIZATION,
    queueArn: 'queue',
    deadLetterQueueArn: 'dead-letters',
    logGroupArn: 'logs',
    secretArns: [],
    clientSecretArns: [world.environment['GENESYS_SECRET_ARN'] ?? ''],
  };
}, 180_000);

afterAll(async () => {
  await world.close();
  await rm(dir, { recursive: true, force: true });
});

/** The day that is sealed has no recordings, erasures, source deletions and drills, and the pointer is made, not moved. */
const NOT_HERE = [
  '/receipts/*',
  '/erasures/*',
  '/holds/*',
  '/removals/*',
  '/source-deletions/*',
  '/drills/*',
  '/proof/*/checkpoint',
];

describe('the sealer of the log', () => {
  it('begins the log by an event, and seals what is due', () => {
    expect({ output, outcomes }).toEqual({
      output,
      outcomes: [
        {
          vkey: expect.stringContaining(`${ORIGIN}+`) as unknown,
          first: expect.any(String) as unknown,
          isNew: true,
        },
        expect.objectContaining({ anchorsFailed: 0, days: expect.any(Array) as unknown }),
      ],
    });
  });

  it('reads no recording, writes below proof/ alone, opens nothing, and signs with its own key', () => {
    expect(
      calls.filter(({ action, resource }) => action === 's3:GetObject' && resource.includes('/archive/')),
    ).toEqual([]);
    const writes = calls.filter(({ action }) => action === 's3:PutObject');
    expect(writes.length).toBeGreaterThan(5);
    expect(writes.filter(({ resource }) => !resource.includes(`/proof/${ORGANIZATION}/`))).toEqual([]);
    const keys = calls.filter(({ action }) => action.startsWith('kms:'));
    expect([...new Set(keys.map(({ action }) => action))].toSorted()).toEqual([
      'kms:GetPublicKey',
      'kms:Sign',
    ]);
    expect(keys.filter(({ resource }) => resource !== resources.logKeyArn)).toEqual([]);
  });

  it('asks for nothing that its role lacks, and its role has nothing that it does not ask for', () => {
    const statements = sealerStatements(resources);
    expect(missing(statements, calls)).toEqual([]);
    expect(unused(statements, calls).filter((grant) => !NOT_HERE.some((end) => grant.endsWith(end)))).toEqual(
      [],
    );
  });
});
