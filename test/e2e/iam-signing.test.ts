import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { CreateKeyCommand } from '@aws-sdk/client-kms';
import { describe, expect, it, onTestFinished } from 'vitest';
import { writerStatements } from '../../infra/access/policies.ts';
import { createClient } from '../simulator/kms-fixture.ts';
import { recordAwsCalls } from './aws-call-recorder.ts';
import { ORGANIZATION, startWorld } from './lambda-function.ts';

/** The bundle as it ships, with its signing key in KMS: what it asks of that key, compared with what the stack grants. */

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

describe('IAM is exact for a signing key in KMS', () => {
  it('two signatures for a recording and one public key for a process, under the conditions of the policy, and no secret', async () => {
    const world = await startWorld({ recordings: 2 });
    const client = createClient(world.simulator.kms?.url ?? '');
    const { KeyMetadata } = await client.send(
      new CreateKeyCommand({ KeySpec: 'ECC_NIST_EDWARDS25519', KeyUsage: 'SIGN_VERIFY' }),
    );
    const signingKeyArn = KeyMetadata?.Arn ?? '';
    const { ARCHIVE_SIGNING_KEY_SECRET_ARN: secretArn = '', ...environment } = world.environment;
    const recorder = await recordAwsCalls(
      { ...environment, ARCHIVE_SIGNING_KMS_KEY_ID: signingKeyArn },
      (_service, name) => name,
    );
    onTestFinished(() => recorder.close());
    const dir = await mkdtemp(join(tmpdir(), 'iam-signing-'));
    onTestFinished(() => rm(dir, { recursive: true, force: true }));
    const events = world.simulator.recordings.map(({ id }) => world.simulator.event(id, 'bare'));
    const [runner, file] = [join(dir, 'runner.mjs'), join(dir, 'events.json')];
    await writeFile(runner, RUNNER);
    await writeFile(file, JSON.stringify(events));
    const child = spawn(process.execPath, [runner, resolve('dist/lambda/archive.mjs'), file], {
      env: { PATH: process.env['PATH'] ?? '', ...recorder.environment, AWS_LAMBDA_FUNCTION_NAME: 'archiver' },
      cwd: dir,
    });
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
    await once(child, 'close');
    const line = output.split('\n').find((text) => text.startsWith('OUTCOMES')) ?? 'OUTCOMES[]';
    expect(JSON.parse(line.slice('OUTCOMES'.length))).toMatchObject([
      { statusCode: 200 },
      { statusCode: 200 },
    ]);

    const onKey = recorder.calls.filter(({ resource }) => resource === signingKeyArn);
    expect(onKey.map(({ operation }) => operation)).toEqual(['GetPublicKey', 'Sign', 'Sign', 'Sign', 'Sign']);
    const granted = writerStatements({
      bucketArn: 'b',
      bucketName: 'recordings',
      keyArn: 'k',
      organizationId: ORGANIZATION,
      queueArn: 'q',
      deadLetterQueueArn: 'd',
      logGroupArn: 'l',
      secretArns: [],
      signingKeyArn,
    }).filter(({ Resource }) => Resource.includes(signingKeyArn));
    for (const { action, conditions } of onKey) {
      const statement = granted.find(({ Action }) => Action.includes(action));
      expect(conditions).toEqual(statement?.Condition?.['StringEquals'] ?? {});
    }
    expect(granted.flatMap(({ Action }) => Action)).toEqual(['kms:Sign', 'kms:GetPublicKey']);
    expect(recorder.calls.filter(({ resource }) => resource === secretArn)).toEqual([]);
  }, 60_000);
});
