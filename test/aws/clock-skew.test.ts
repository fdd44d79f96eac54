import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { unlimited } from '../../src/clock.ts';
import { createKmsDataKeys } from '../../src/envelope/kms/data-keys.ts';
import { clockSkewOf } from '../../src/aws/clock-skew.ts';
import { silentLogger } from '../../src/log.ts';
import { createSecretValues } from '../../src/secrets/values.ts';
import { startKms } from '../../packages/simulator/src/kms/kms.ts';
import { failure } from '../failure.ts';
import { fastClock } from '../fast-clock.ts';
import { createQueue, CREDENTIALS, startEndpoint } from '../queue/sqs-fixture.ts';
import { startSecretValues } from '../secrets/secrets-fixture.ts';

const ARN = 'arn:aws:secretsmanager:us-east-1:123456789012:secret:one-AbCdEf';

function openKms(endpoint: string) {
  const keys = createKmsDataKeys({
    keyId: 'alias/recordings',
    clock: fastClock(),
    logger: silentLogger,
    endpoint,
    region: 'us-east-1',
    credentials: CREDENTIALS,
  });
  onTestFinished(() => keys.close());
  return keys;
}

/** Refuses everything, and is always `aheadMs` ahead of the time that the request was signed with. */
async function startForeignClock(aheadMs: number) {
  const requests: string[] = [];
  const server = createServer((request, response) => {
    const [, date = '', time = ''] = /^(\d{8})T(\d{6})Z$/.exec(String(request.headers['x-amz-date'])) ?? [];
    const iso = `${date.replace(/(....)(..)(..)/, '$1-$2-$3')}T${time.replace(/(..)(..)(..)/, '$1:$2:$3')}Z`;
    requests.push(iso);
    request.resume().on('end', () => {
      response.writeHead(400, {
        'content-type': 'application/x-amz-json-1.1',
        date: new Date(Date.parse(iso) + aheadMs).toUTCString(),
      });
      response.end('{"__type":"InvalidSignatureException"}');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests };
}

describe.each([47, -47])('with a clock that is wrong by %i minutes', (minutes) => {
  const now = () => Date.now() + minutes * 60_000;

  it('KMS is asked once more with its own time, and from then on at once', async () => {
    const kms = await startKms({ aliases: ['alias/recordings'], ...CREDENTIALS, now });
    onTestFinished(() => kms.close());
    const keys = openKms(kms.url);
    const { wrapped } = await keys.generate({}, unlimited);
    expect((await keys.decrypt(wrapped, {}, unlimited)).byteLength).toBe(32);
  });

  it('SQS is asked once more with its own time, and from then on at once', async () => {
    const sqs = await startEndpoint({ now });
    const queue = createQueue();
    const url = sqs.queueUrl('recordings');
    expect(await queue.count(url, unlimited)).toBe(0);
    expect(await queue.count(url, unlimited)).toBe(0);
  });

  it('Secrets Manager is asked once more with its own time', async () => {
    const { endpoint, secrets } = await startSecretValues({ now });
    const arn = endpoint.put('one', 'first');
    expect((await secrets.read(arn, unlimited)).reveal()).toBe('first');
  });

  it('each is asked twice at most, and the error that is left names the clock', async () => {
    const foreign = await startForeignClock(minutes * 60_000);
    for (const [name, value] of Object.entries({
      AWS_ENDPOINT_URL_SECRETS_MANAGER: foreign.url,
      AWS_ACCESS_KEY_ID: 'any',
      AWS_SECRET_ACCESS_KEY: 'any',
    }))
      vi.stubEnv(name, value);
    onTestFinished(() => void vi.unstubAllEnvs());
    const secrets = createSecretValues({ clock: fastClock(), logger: silentLogger });
    for (const [code, work] of [
      ['KMS_DENIED', () => openKms(foreign.url).generate({}, unlimited)],
      ['QUEUE_DENIED', () => createQueue().count(`${foreign.url}/123456789012/recordings`, unlimited)],
      ['SECRET_DENIED', () => secrets.read(ARN, unlimited)],
    ] as const) {
      foreign.requests.length = 0;
      const error = await failure(work());
      expect(error).toMatchObject({ code, retryable: false });
      expect(error.hint).toMatch(/^the clock of this machine is wrong by \d+ minutes/);
      expect(foreign.requests).toHaveLength(2);
    }
  });
});

describe('the skew of a clock', () => {
  const signedAt = Date.UTC(2026, 0, 1, 12);
  const date = (aheadMs: number) => new Date(signedAt + aheadMs).toUTCString();
  const refused = { status: 403, name: 'UnknownError', signedAt };

  it('is told by the time of a refusal, also of one without a reason', () => {
    expect(clockSkewOf({ ...refused, date: date(600_000) })).toBe(600_000);
    expect(clockSkewOf({ ...refused, date: date(-600_000) })).toBe(-600_000);
    expect(clockSkewOf({ ...refused, status: 400, date: date(600_000) })).toBe(600_000);
  });

  it('is none within what AWS allows, unless AWS says so', () => {
    expect(clockSkewOf({ ...refused, date: date(200_000) })).toBeUndefined();
    expect(clockSkewOf({ ...refused, name: 'RequestTimeTooSkewed', date: date(1_000) })).toBe(1_000);
  });

  it('is not read from answers for another reason, without a time, or from a cache', () => {
    expect(clockSkewOf({ ...refused, status: 503, date: date(600_000) })).toBeUndefined();
    expect(clockSkewOf({ ...refused, date: undefined })).toBeUndefined();
    expect(clockSkewOf({ ...refused, date: 'yesterday' })).toBeUndefined();
    expect(clockSkewOf({ ...refused, date: date(600_000), age: '600' })).toBeUndefined();
  });
});
