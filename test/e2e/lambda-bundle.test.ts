import { spawn } from 'node:child_process';
import { createDecipheriv, createHash, randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { unlimited } from '../../src/clock.ts';
import {
  type Simulator,
  type SimulatorOptions,
  startSimulator,
} from '../../packages/simulator/src/simulator.ts';
import { openStore } from '../../src/store/open-store.ts';

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

const BUCKET = 'recordings';
const KEY = randomBytes(32);

/** Runs the events of a file through the handler of the bundle, as one warm Lambda would. */
const RUNNER = `
import { readFileSync } from 'node:fs';
const { handler } = await import(process.argv[2]);
const outcomes = [];
for (const event of JSON.parse(readFileSync(process.argv[3], 'utf8'))) {
  const context = { getRemainingTimeInMillis: () => 60000 };
  outcomes.push(await handler(event, context).then((value) => ({ value }), (error) => ({ error: { name: error.name, message: error.message } })));
}
process.stdout.write('OUTCOMES' + JSON.stringify(outcomes) + '\\n');
process.exit(0);
`;

async function setUp(options: SimulatorOptions = {}) {
  const dir = await mkdtemp(join(tmpdir(), 'bundle-'));
  closers.push(() => rm(dir, { recursive: true, force: true }));
  const simulator: Simulator = await startSimulator({
    recordings: 3,
    s3: { dir: join(dir, 's3'), bucket: BUCKET },
    ...options,
  });
  closers.push(() => simulator.close());
  const runner = join(dir, 'runner.mjs');
  await writeFile(runner, RUNNER);
  const env: Record<string, string> = {
    PATH: process.env['PATH'] ?? '',
    ...simulator.environment(),
    S3_ARCHIVE_BUCKET: BUCKET,
    ENCRYPTION_KEY_HEX: KEY.toString('hex'),
    AWS_LAMBDA_FUNCTION_NAME: 'archiver',
    NODE_NO_WARNINGS: '1',
  };
  const invoke = async (events: readonly unknown[], more: Record<string, string> = {}) => {
    const file = join(dir, 'events.json');
    await writeFile(file, JSON.stringify(events));
    const child = spawn(process.execPath, [runner, resolve('dist/lambda/archive.mjs'), file], {
      env: { ...env, ...more },
      cwd: dir,
    });
    let out = '';
    child.stdout.on('data', (text: Buffer) => {
      out += text.toString();
    });
    child.stderr.on('data', (text: Buffer) => {
      out += text.toString();
    });
    await new Promise((done) => child.on('close', done));
    const line = out.split('\n').find((text) => text.startsWith('OUTCOMES'));
    if (line === undefined) throw new Error(`the bundle did not run:\n${out}`);
    return {
      log: out.replace(line, ''),
      outcomes: JSON.parse(line.slice('OUTCOMES'.length)) as {
        value?: never;
        error?: { name: string; message: string };
      }[],
    };
  };
  const s3 = simulator.environment();
  const store = await openStore(`s3://${BUCKET}`, {
    s3: {
      endpoint: s3['AWS_ENDPOINT_URL_S3'] ?? '',
      region: s3['AWS_REGION'] ?? '',
      credentials: {
        accessKeyId: s3['AWS_ACCESS_KEY_ID'] ?? '',
        secretAccessKey: s3['AWS_SECRET_ACCESS_KEY'] ?? '',
      },
      forcePathStyle: true,
    },
  });
  return { simulator, invoke, store, env };
}

const bodyOf = (outcome: { value?: unknown } | undefined): string =>
  (outcome?.value as { body?: string } | undefined)?.body ?? 'null';

describe('dist/lambda/archive.mjs', () => {
  it('archives to S3 through the AWS SDK, as shipped: event in, object out, reference written back', async () => {
    const { simulator, invoke, store } = await setUp();
    const [one, two, three] = simulator.recordings;
    if (one === undefined || two === undefined || three === undefined) throw new Error('no recordings');
    const { outcomes, log } = await invoke([
      simulator.event(one.id, 'eventbridge'),
      simulator.event(two.id, 'sqs'),
      simulator.event(three.id, 'bare'),
      simulator.event(one.id, 'eventbridge'),
    ]);
    expect(outcomes.map(({ error }) => error)).toEqual([undefined, undefined, undefined, undefined]);
    expect(outcomes[0]?.value).toMatchObject({ statusCode: 200 });
    expect(outcomes[1]?.value).toEqual({ batchItemFailures: [] });
    expect(outcomes[3]?.value).toEqual(outcomes[0]?.value);
    expect(simulator.requests.filter(({ route }) => route === 'POST /oauth/token')).toHaveLength(1);

    const { s3Key } = JSON.parse(bodyOf(outcomes[0])) as {
      s3Key: string;
    };
    expect(simulator.interaction(one.interactionId)).toMatchObject({ s3_archive_key: s3Key });
    const { stat, body } = await store.get(s3Key, unlimited);
    const chunks: Uint8Array[] = [];
    for await (const chunk of body) chunks.push(chunk);
    const payload = Buffer.concat(chunks);
    const decipher = createDecipheriv('aes-256-gcm', KEY, Buffer.from(stat.metadata['iv'] ?? '', 'base64'), {
      authTagLength: 16,
    });
    decipher.setAuthTag(payload.subarray(-16));
    const plain = Buffer.concat([decipher.update(payload.subarray(0, -16)), decipher.final()]);
    expect(createHash('sha256').update(plain).digest('hex')).toBe(await one.sha256());
    expect(log).not.toContain(KEY.toString('hex'));
    expect(log).not.toMatch(/Bearer|X-Amz-Signature|simulator-secret/);
  });

  it('S3 throttling is survived, and every failure is thrown under its code', async () => {
    const { simulator, invoke } = await setUp();
    const [one, two] = simulator.recordings;
    if (one === undefined || two === undefined) throw new Error('no recordings');
    simulator.faults.add({ on: 's3', times: 2, fault: { kind: 'throttle', retryAfter: 'absent' } });
    simulator.faults.add({ on: 'media', id: two.id, times: 9, fault: { kind: 'status', status: 403 } });
    const { outcomes } = await invoke([simulator.event(one.id, 'bare'), simulator.event(two.id, 'bare')]);
    expect(outcomes[0]?.value).toMatchObject({ statusCode: 200 });
    expect(outcomes[1]?.error).toMatchObject({
      name: 'GENESYS_FORBIDDEN',
      message: expect.stringContaining('media:view') as unknown,
    });
  });

  it('a malformed key fails at the start, before any link is consumed', async () => {
    const { simulator, invoke } = await setUp();
    const good = KEY.toString('hex');
    for (const key of [`${good}garbage`, `${good.slice(0, 62)}zz`, good.slice(1), '']) {
      const { outcomes, log } = await invoke([simulator.event(simulator.recordings[0]?.id ?? '', 'bare')], {
        ENCRYPTION_KEY_HEX: key,
      });
      expect(outcomes[0]?.error?.name).toBe('CONFIG_INVALID');
      expect(outcomes[0]?.error?.message).toContain('ENCRYPTION_KEY_HEX');
      if (key !== '') expect(log + JSON.stringify(outcomes)).not.toContain(key);
    }
    expect(simulator.requests).toEqual([]);
  });

  it('keeps recordings of several parts whole', async () => {
    const { simulator, invoke, store } = await setUp({ recordings: [{ bytes: 20_000_000 }] });
    const [one] = simulator.recordings;
    const { outcomes } = await invoke([simulator.event(one?.id ?? '', 'eventbridge')]);
    const { s3Key } = JSON.parse(bodyOf(outcomes[0])) as {
      s3Key: string;
    };
    const stat = await store.head(s3Key, unlimited);
    expect(stat?.size).toBe((one?.bytes ?? 0) + 16);
    expect(stat?.checksum?.type).toBe('composite');
  });
});
