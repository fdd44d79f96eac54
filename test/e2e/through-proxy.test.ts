import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import net, { type AddressInfo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import tls from 'node:tls';
import { DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { DescribeAlarmsCommand } from '@aws-sdk/client-cloudwatch';
import { DescribeKeyCommand } from '@aws-sdk/client-kms';
import { GetFunctionConfigurationCommand } from '@aws-sdk/client-lambda';
import { HeadBucketCommand } from '@aws-sdk/client-s3';
import { DescribeSecretCommand } from '@aws-sdk/client-secrets-manager';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { systemClock, unlimited } from '../../src/clock.ts';
import { createKmsDataKeys } from '../../src/envelope/kms/data-keys.ts';
import { silentLogger } from '../../src/log.ts';
import { createSqsQueue } from '../../src/queue/sqs-queue.ts';
import { createSecretValues } from '../../src/secrets/values.ts';
import { startS3 } from '../../packages/simulator/src/s3/s3.ts';
import { sortAwsFailure } from '../../src/stack/aws-failure.ts';
import { createAwsClients } from '../../src/stack/aws-clients.ts';
import { createS3Client } from '../../src/store/s3/client.ts';
import { createS3Store } from '../../src/store/s3/s3-store.ts';
import { runCli } from '../cli/run-cli.ts';
import { failure } from '../failure.ts';
import { type Certificate, makeCertificate, trust } from '../http/certificates.ts';
import { proxiesOf, startProxy, type TestProxyOptions } from '../http/connect-proxy.ts';

const HOST = 's3.internal.example.com';
const certificate = makeCertificate(`DNS:${HOST}`);
const tools = { clock: systemClock, logger: silentLogger };

const closers: (() => unknown)[] = [];
afterEach(async () => {
  vi.unstubAllEnvs();
  for (const close of closers.splice(0).toReversed()) await close();
});

async function proxy(options: TestProxyOptions = {}) {
  const started = await startProxy(options);
  closers.push(() => started.close());
  return started;
}

/** The simulator's S3, and in front of it one that speaks TLS. */
async function startStore() {
  const dir = await mkdtemp(path.join(tmpdir(), 'proxied-'));
  const s3 = await startS3({ dir, buckets: ['bucket'] });
  const plain = Number(new URL(s3.url).port);
  const sockets = new Set<Socket>();
  const front = tls.createServer({ ...(certificate as Certificate) }, (socket) => {
    const there = net.connect(plain, '127.0.0.1');
    for (const one of [socket, there]) {
      sockets.add(one);
      one.on('error', () => {});
    }
    socket.pipe(there).pipe(socket);
  });
  front.listen(0, '127.0.0.1');
  await once(front, 'listening');
  closers.push(async () => {
    for (const socket of sockets) socket.destroy();
    front.close();
    await s3.close();
    await rm(dir, { recursive: true });
  });
  const { AWS_ACCESS_KEY_ID = '', AWS_SECRET_ACCESS_KEY = '', AWS_REGION = '' } = s3.environment();
  const credentials = { accessKeyId: AWS_ACCESS_KEY_ID, secretAccessKey: AWS_SECRET_ACCESS_KEY };
  return { plain, secure: (front.address() as AddressInfo).port, credentials, region: AWS_REGION };
}

describe.skipIf(certificate === undefined)('through a proxy [needs: openssl]', () => {
  let distrust = () => {};
  beforeAll(() => {
    distrust = trust(certificate as Certificate);
  });
  afterAll(() => distrust());

  it.each(['https', 'http'] as const)(
    'a store in S3 is written, listed and read, by %s, past the SDK and with it',
    async (scheme) => {
      const s3 = await startStore();
      const { port, targets, others } = await proxy({ route: scheme === 'https' ? s3.secure : s3.plain });
      const proxies = proxiesOf({ [scheme]: `http://127.0.0.1:${port}` });
      const endpoint = scheme === 'https' ? `https://${HOST}` : `http://${HOST}:9000`;
      const { credentials, region } = s3;
      const client = createS3Client({ endpoint, credentials, region, forcePathStyle: true, proxies });
      closers.push(() => client.destroy());
      const store = createS3Store({ client, bucket: 'bucket', proxies, ...tools });
      const body = Buffer.from('a recording');
      const options = { contentType: 'audio/wav', contentLength: body.length, metadata: {} };
      expect(await store.put('a/b.enc', body, options, unlimited)).toMatchObject({ outcome: 'stored' });
      const keys: string[] = [];
      for await (const { key } of store.list('a/', unlimited)) keys.push(key);
      expect(keys).toStrictEqual(['a/b.enc']);
      expect((await store.head('a/b.enc', unlimited))?.size).toBe(body.length);
      // one connection of each client, used again
      const authority = scheme === 'https' ? `${HOST}:443` : `${HOST}:9000`;
      expect([targets, others]).toStrictEqual([[authority, authority], []]);
    },
  );
});

const REFUSED = 'HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n';
const BUSY = 'HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n';

async function refusing(answer = REFUSED) {
  const { port, targets } = await proxy({ answer: () => answer });
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'AKIDEXAMPLE');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'secret');
  vi.stubEnv('AWS_REGION', 'eu-central-1');
  return { targets, proxies: proxiesOf({ https: `http://user:hunter2@127.0.0.1:${port}` }) };
}

describe('a proxy that refuses', () => {
  const refused = {
    code: 'PROXY_REFUSED',
    retryable: false,
    hint: expect.stringMatching(/user name/) as string,
  };

  it('is told by the store', async () => {
    const { proxies, targets } = await refusing();
    const client = createS3Client({ proxies });
    const store = createS3Store({ client, bucket: 'bucket', proxies, ...tools });
    const options = { contentType: 'audio/wav', contentLength: 1, metadata: {} };
    expect(await failure(store.put('a', Buffer.of(1), options, unlimited))).toMatchObject(refused);
    const listed = async () => {
      for await (const _ of store.list('', unlimited)) break;
    };
    expect(await failure(listed())).toMatchObject(refused);
    expect(new Set(targets)).toStrictEqual(new Set(['bucket.s3.eu-central-1.amazonaws.com:443']));
  });

  it('is told by KMS, by Secrets Manager and by SQS', async () => {
    const { proxies, targets } = await refusing();
    const kms = createKmsDataKeys({ keyId: 'alias/x', proxies, ...tools });
    expect(await failure(kms.generate({}, unlimited))).toMatchObject(refused);
    const secrets = createSecretValues({ proxies, ...tools });
    const arn = 'arn:aws:secretsmanager:eu-central-1:123456789012:secret:x-AbCdEf';
    expect(await failure(secrets.read(arn, unlimited))).toMatchObject(refused);
    const queue = createSqsQueue({ proxies, region: undefined, ...tools });
    const url = 'https://sqs.eu-central-1.amazonaws.com/123456789012/q';
    expect(await failure(queue.count(url, unlimited))).toMatchObject(refused);
    expect(targets).toStrictEqual([
      'kms.eu-central-1.amazonaws.com:443',
      'secretsmanager.eu-central-1.amazonaws.com:443',
      'sqs.eu-central-1.amazonaws.com:443',
    ]);
    kms.close();
    queue.close();
  });

  it('is told by each client that looks at a stack', async () => {
    const { proxies, targets } = await refusing();
    const clients = createAwsClients(undefined, proxies);
    const cloudFormation = await clients.cloudFormation();
    const cloudWatch = await clients.cloudWatch();
    const kms = await clients.kms();
    const lambda = await clients.lambda();
    const s3 = await clients.s3();
    const secrets = await clients.secretsManager();
    const calls = [
      () => cloudFormation.send(new DescribeStacksCommand({})),
      () => cloudWatch.send(new DescribeAlarmsCommand({})),
      () => kms.send(new DescribeKeyCommand({ KeyId: 'x' })),
      () => lambda.send(new GetFunctionConfigurationCommand({ FunctionName: 'x' })),
      () => s3.send(new HeadBucketCommand({ Bucket: 'bucket' })),
      () => secrets.send(new DescribeSecretCommand({ SecretId: 'x' })),
    ];
    for (const call of calls) {
      const told = await call().then(
        () => undefined,
        (error: unknown) => sortAwsFailure(error),
      );
      expect(told).toMatchObject({ kind: 'unavailable', reason: /answered 407/, fix: /user name/ });
      expect(JSON.stringify(told)).not.toContain('hunter2');
    }
    const hosts = ['cloudformation', 'monitoring', 'kms', 'lambda', 'bucket.s3', 'secretsmanager'];
    expect([...new Set(targets)]).toStrictEqual(
      hosts.map((host) => `${host}.eu-central-1.amazonaws.com:443`),
    );
    clients.close();
  });

  it('is asked again where it says that it is busy', async () => {
    const { proxies, targets } = await refusing(BUSY);
    const client = createS3Client({ proxies });
    const clock = { ...systemClock, sleep: () => Promise.resolve() };
    const store = createS3Store({ client, bucket: 'bucket', proxies, clock, logger: silentLogger });
    const error = await failure(store.head('a', unlimited));
    expect(error).toMatchObject({ code: 'STORE_UNAVAILABLE', retryable: true });
    expect(error.message).toMatch(/proxy http:\/\/127\.0\.0\.1:\d+ answered 503 to CONNECT/);
    expect(targets.length).toBeGreaterThan(5);
  });
});

describe('doctor', () => {
  const settings = {
    GENESYS_CLIENT_ID: 'id',
    GENESYS_CLIENT_SECRET: 'the-client-secret',
    GENESYS_ENVIRONMENT: 'mypurecloud.com',
    ENCRYPTION_KEY_HEX: '0123456789abcdef'.repeat(4),
    AWS_REGION: 'eu-central-1',
    AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE',
    AWS_SECRET_ACCESS_KEY: 'aws-secret',
    ARCHIVE_STORE: 's3://bucket',
  };

  it('shows which proxy is used for what, reaches the platform and AWS through it, and prints no password', async () => {
    const { port, targets } = await proxy({ answer: () => REFUSED });
    const env = {
      ...settings,
      https_proxy: `http://user:hunter2@127.0.0.1:${port}`,
      NO_PROXY: 'api.mypurecloud.com',
      ARCHIVE_PROXY_MEDIA: '0',
    };
    const { stdout, stderr, code } = await runCli(['doctor'], { env });
    const name = `http://127.0.0.1:${port}`;
    expect(stdout).toContain(`login ${name}, API directly, media directly, AWS ${name}`);
    expect(code).toBe(4);
    expect(stdout.match(/\[PROXY_REFUSED\]/g)).toHaveLength(2);
    expect(stdout + stderr).not.toMatch(/hunter2|dXNlc/);
    expect([...new Set(targets)].toSorted()).toStrictEqual([
      'bucket.s3.eu-central-1.amazonaws.com:443',
      'login.mypurecloud.com:443',
    ]);
  });

  it('says that ALL_PROXY is not read', async () => {
    const env = { ALL_PROXY: 'socks5://127.0.0.1:1080', ARCHIVE_STORE: 'file:./archive' };
    const { stdout } = await runCli(['doctor'], { env });
    expect(stdout).toMatch(/proxy +ALL_PROXY is set, and not read here[^]*set HTTPS_PROXY/);
  });
});
