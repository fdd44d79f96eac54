import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { inspect } from 'node:util';
import { describe, expect, it, onTestFinished } from 'vitest';
import { startBudget, unlimited } from '../../../src/clock.ts';
import { createEnvelopeReader } from '../../../src/envelope/envelope-reader.ts';
import { isAboutKey } from '../../../src/envelope/kms/key-name.ts';
import { createKmsDataKeys, type KmsDataKeysOptions } from '../../../src/envelope/kms/data-keys.ts';
import { createKmsWrap, type DataKeyService } from '../../../src/envelope/key-wrap.ts';
import { createS3ecEnvelope } from '../../../src/envelope/s3ec/envelope.ts';
import type { ErrorCode } from '../../../src/errors.ts';
import { type KmsErrorCode, type KmsOptions, startKms } from '../../../packages/simulator/src/kms/kms.ts';
import { fastClock } from '../../fast-clock.ts';
import { recordingLogger } from '../../recording-logger.ts';
import { rejectionOf, run } from '../bytes.ts';

const context = {
  'genesys-cloud-organization-id': 'o-1',
  'conversation-id': 'c-1',
  'recording-id': 'canary-recording',
  'aws:x-amz-cek-alg': '115',
};

async function setUp(options: Partial<KmsDataKeysOptions> = {}, endpoint: KmsOptions = {}) {
  const kms = await startKms({ aliases: ['alias/recordings', 'alias/other'], ...endpoint });
  const clock = fastClock();
  const logger = recordingLogger();
  const connect = (more: Partial<KmsDataKeysOptions> = {}) => {
    const service = createKmsDataKeys({
      keyId: 'alias/recordings',
      clock,
      logger,
      endpoint: kms.url,
      region: 'us-east-1',
      credentials: { accessKeyId: 'simulator', secretAccessKey: 'canary-secret-access-key' },
      ...options,
      ...more,
    });
    onTestFinished(() => service.close());
    return service;
  };
  onTestFinished(() => kms.close());
  return { kms, clock, logger, connect, keys: connect() };
}
const start = (options: Partial<KmsDataKeysOptions> = {}) =>
  setUp(options, { secretAccessKey: 'canary-secret-access-key' });

describe('data keys from KMS', () => {
  it('come in clear and wrapped, and back under the same context and key', async () => {
    const { keys, kms, connect } = await start();
    const { plaintext, wrapped } = await keys.generate(context);
    const copy = Buffer.from(plaintext);
    expect([plaintext.length, wrapped.length]).toEqual([32, 184]);
    expect(copy.equals(await keys.decrypt(wrapped, context))).toBe(true);
    const names = Object.keys(context).sort();
    expect(kms.requests).toMatchObject([
      { operation: 'GenerateDataKey', keyId: 'alias/recordings', contextNames: names },
      { operation: 'Decrypt', keyId: 'alias/recordings', contextNames: names },
    ]);
    const wrong = await rejectionOf(keys.decrypt(wrapped, { ...context, 'recording-id': 'another' }));
    expect([wrong.code, wrong.retryable]).toEqual(['DECRYPT_FAILED', false]);
    const other = await rejectionOf(connect({ keyId: 'alias/other' }).decrypt(wrapped, context));
    expect([other.code, other.details['reason']]).toEqual(['DECRYPT_FAILED', 'IncorrectKeyException']);
    expect(kms.requests).toHaveLength(4);
  });

  it('are never the same twice, and never cached', async () => {
    const { keys, kms } = await start();
    const made = await Promise.all(Array.from({ length: 50 }, () => keys.generate(context)));
    expect(new Set(made.map(({ plaintext }) => Buffer.from(plaintext).toString('hex'))).size).toBe(50);
    expect(new Set(made.map(({ wrapped }) => Buffer.from(wrapped).toString('hex'))).size).toBe(50);
    expect(kms.requests).toHaveLength(50);
  });

  it.each<[KmsErrorCode, ErrorCode]>([
    ['ThrottlingException', 'KMS_THROTTLED'],
    ['KMSInternalException', 'KMS_UNAVAILABLE'],
    ['DependencyTimeoutException', 'KMS_UNAVAILABLE'],
    ['KeyUnavailableException', 'KMS_UNAVAILABLE'],
  ])('%s is waited out, and in the end %s', async (fault, code) => {
    const { keys, kms, clock } = await start();
    kms.faults.add({ times: 6, fault: { kind: 'error', code: fault } });
    expect((await keys.generate(context)).plaintext).toHaveLength(32);
    expect(clock.slept).toEqual([50, 100, 200, 400, 800, 1600]);
    kms.faults.add({ times: Number.POSITIVE_INFINITY, fault: { kind: 'error', code: fault } });
    const failure = await rejectionOf(keys.generate(context));
    expect([failure.code, failure.retryable, failure.details['reason']]).toEqual([code, true, fault]);
    expect(kms.requests).toHaveLength(14);
  });

  it.each<[KmsErrorCode, ErrorCode]>([
    ['AccessDeniedException', 'KMS_DENIED'],
    ['DisabledException', 'KMS_KEY_UNUSABLE'],
    ['KMSInvalidStateException', 'KMS_KEY_UNUSABLE'],
    ['NotFoundException', 'KMS_KEY_UNUSABLE'],
    ['InvalidKeyUsageException', 'KMS_KEY_UNUSABLE'],
    ['ValidationException', 'KMS_KEY_UNUSABLE'],
    ['InvalidCiphertextException', 'DECRYPT_FAILED'],
    ['IncorrectKeyException', 'DECRYPT_FAILED'],
    ['UnrecognizedClientException', 'KMS_DENIED'],
    ['InvalidSignatureException', 'KMS_DENIED'],
  ])('%s is final at once: %s', async (fault, code) => {
    const { keys, kms, clock } = await start();
    kms.faults.add({ times: Number.POSITIVE_INFINITY, fault: { kind: 'error', code: fault } });
    for (const [operation, work] of [
      ['GenerateDataKey', () => keys.generate(context)],
      ['Decrypt', () => keys.decrypt(Buffer.alloc(184), context)],
      ['Encrypt', () => keys.encrypt?.(Buffer.alloc(32), context)],
    ] as const) {
      const failure = await rejectionOf(work() ?? Promise.resolve());
      expect([failure.code, failure.message, failure.retryable]).toEqual([
        code,
        `KMS ${operation}: ${fault}`,
        false,
      ]);
    }
    expect([clock.slept, kms.requests.length]).toEqual([[], 3]);
  });

  it('that exist already are wrapped under the same rules', async () => {
    const { keys } = await start();
    const dataKey = randomBytes(32);
    const wrapped = (await keys.encrypt?.(dataKey, context)) ?? Buffer.alloc(0);
    expect(dataKey.equals(await keys.decrypt(wrapped, context))).toBe(true);
    const other = await rejectionOf(keys.decrypt(wrapped, { ...context, 'recording-id': 'another' }));
    expect(other.code).toBe('DECRYPT_FAILED');
  });

  it('are moved from the old key, or found under the new one; any other failure ends it', async () => {
    const { keys, kms, connect } = await start();
    const moving = connect({ keyId: 'alias/other', sourceKeyId: 'alias/recordings' });
    expect('reencrypt' in keys).toBe(false);
    const { plaintext, wrapped } = await keys.generate(context);
    const copy = Buffer.from(plaintext);
    const moved = await moving.reencrypt?.(wrapped, context);
    expect(moved?.sameKey).toBe(false);
    const under = connect({ keyId: 'alias/other' });
    expect(copy.equals(await under.decrypt(moved?.wrapped ?? Buffer.alloc(0), context))).toBe(true);
    expect((await moving.reencrypt?.(moved?.wrapped ?? Buffer.alloc(0), context))?.sameKey).toBe(true);
    const before = kms.requests.length;
    kms.faults.add({ operation: 'ReEncrypt', fault: { kind: 'error', code: 'AccessDeniedException' } });
    const denied = await rejectionOf(moving.reencrypt?.(wrapped, context) ?? Promise.resolve());
    expect([denied.code, denied.message]).toEqual(['KMS_DENIED', 'KMS ReEncrypt: AccessDeniedException']);
    expect(kms.requests).toHaveLength(before + 1);
  });

  it('survive resets, lost answers and silence', async () => {
    const { keys, kms } = await start({ timeouts: { requestMs: 100 } });
    kms.faults.add({ fault: { kind: 'reset' } });
    kms.faults.add({ fault: { kind: 'lost-answer' } });
    kms.faults.add({ fault: { kind: 'stall' } });
    expect((await keys.generate(context)).wrapped).toHaveLength(184);
    expect(kms.requests).toHaveLength(4);
  });

  it('are not waited for past the deadline, nor after an interruption', async () => {
    const { keys, kms, clock, connect } = await start();
    kms.faults.add({ times: 3, fault: { kind: 'error', code: 'ThrottlingException' } });
    // time passes by pauses alone, however busy the machine is
    const calm = { ...clock, now: () => clock.slept.reduce((sum, ms) => sum + ms, 0) };
    const late = await rejectionOf(
      connect({ clock: calm }).generate(context, { ...unlimited, deadline: 120 }),
    );
    expect([late.code, clock.slept]).toEqual(['KMS_THROTTLED', [50]]);
    kms.faults.clear();
    kms.faults.add({ fault: { kind: 'stall' } });
    const stop = new AbortController();
    const { budget, end } = startBudget(clock, Number.POSITIVE_INFINITY, 0, stop.signal);
    const waiting = rejectionOf(keys.generate(context, budget));
    await expect.poll(() => kms.requests.length).toBe(3);
    stop.abort();
    expect((await waiting).code).toBe('INTERRUPTED');
    end();
  });

  it('are asked for in the region of the key', async () => {
    const arn = 'arn:aws:kms:eu-west-1:123456789012:alias/recordings';
    const { connect, kms } = await setUp(
      { keyId: arn },
      { region: 'eu-west-1', secretAccessKey: 'canary-secret-access-key' },
    );
    const service = createKmsDataKeys({
      keyId: arn,
      endpoint: kms.url,
      credentials: { accessKeyId: 'simulator', secretAccessKey: 'canary-secret-access-key' },
      clock: fastClock(),
      logger: recordingLogger(),
    });
    onTestFinished(() => service.close());
    expect((await service.generate(context)).wrapped).toHaveLength(184);
    // the endpoint knows its own region only
    expect((await rejectionOf(connect({ region: 'us-east-1' }).generate(context))).code).toBe('KMS_DENIED');
  });

  it('leave nothing secret in messages, details, causes or logs', async () => {
    const { keys, kms, logger } = await start();
    const { plaintext, wrapped } = await keys.generate(context);
    const hex = Buffer.from(plaintext).toString('hex');
    const codes: KmsErrorCode[] = [
      'AccessDeniedException',
      'ThrottlingException',
      'InvalidCiphertextException',
    ];
    const shown: string[] = [];
    for (const code of codes) {
      kms.faults.add({ times: 7, fault: { kind: 'error', code } });
      const failure = await rejectionOf(keys.decrypt(wrapped, context));
      shown.push(inspect(failure, { depth: 10 }), JSON.stringify(failure));
      kms.faults.clear();
    }
    const all = [...shown, ...logger.lines].join('\n');
    expect(logger.lines.length).toBeGreaterThan(5);
    expect(all).not.toMatch(/canary|AWS4-HMAC|\$metadata|\$response/);
    expect(all).not.toContain(hex);
    expect(all).not.toContain(Buffer.from(plaintext).toString('base64'));
    expect(all).not.toContain(Buffer.from(wrapped).toString('base64'));
  });
});

/** An endpoint that answers anything with `answer`, and keeps the headers it was sent. */
async function answering(answer: object) {
  const headers: string[] = [];
  const server = createServer((request, response) => {
    headers.push(request.headers.authorization ?? '');
    request.resume().on('end', () => response.setHeader('content-type', 'application/x-amz-json-1.1'));
    request.on('end', () => response.end(JSON.stringify(answer)));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const connect = (more: Partial<KmsDataKeysOptions> = {}) => {
    const service = createKmsDataKeys({
      keyId: 'alias/recordings',
      sourceKeyId: 'alias/old',
      clock: fastClock(),
      logger: recordingLogger(),
      endpoint: url,
      region: 'us-east-1',
      credentials: { accessKeyId: 'simulator', secretAccessKey: 'secret' },
      ...more,
    });
    onTestFinished(() => service.close());
    return service;
  };
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return { url, connect, headers };
}

describe('an answer of KMS', () => {
  const some = Buffer.alloc(32).toString('base64');
  const KeyId = 'arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab';
  const about = { KeyId, SourceKeyId: KeyId };

  it.each<[string, object, string[]]>([
    ['nothing', {}, ['GenerateDataKey', 'Decrypt', 'Encrypt', 'ReEncrypt']],
    ['no wrapped key', { Plaintext: some, ...about }, ['GenerateDataKey', 'Encrypt', 'ReEncrypt']],
    ['no plaintext', { CiphertextBlob: some, ...about }, ['GenerateDataKey', 'Decrypt']],
    [
      'no key id',
      { CiphertextBlob: some, Plaintext: some },
      ['GenerateDataKey', 'Decrypt', 'Encrypt', 'ReEncrypt'],
    ],
  ])('that holds %s is none, where that was asked for', async (_, answer, expected) => {
    const keys = (await answering(answer)).connect();
    const refused: string[] = [];
    for (const [operation, work] of [
      ['GenerateDataKey', () => keys.generate(context)],
      ['Decrypt', () => keys.decrypt(Buffer.alloc(184), context)],
      ['Encrypt', () => keys.encrypt?.(Buffer.alloc(32), context)],
      ['ReEncrypt', () => keys.reencrypt?.(Buffer.alloc(184), context)],
    ] as const) {
      try {
        await work();
      } catch (error) {
        expect(error).toMatchObject({
          code: 'KMS_UNAVAILABLE',
          message: `KMS ${operation}: the answer holds no key`,
        });
        refused.push(operation);
      }
    }
    expect(refused).toEqual(expected);
  });

  it.each([
    ['arn:aws:kms:eu-west-1:123456789012:alias/recordings', 'eu-west-1'],
    ['arn:aws-us-gov:kms:us-gov-west-1:123456789012:key/k', 'us-gov-west-1'],
    ['arn:aws-cn:kms:cn-north-1:123456789012:key/k', 'cn-north-1'],
  ])('to a request about %s comes from %s', async (keyId, region) => {
    const KeyIdThere = keyId.replace(/alias\/.*/, 'key/k');
    const { url, headers } = await answering({ Plaintext: some, CiphertextBlob: some, KeyId: KeyIdThere });
    const service = createKmsDataKeys({
      keyId,
      endpoint: url,
      credentials: { accessKeyId: 'simulator', secretAccessKey: 'secret' },
      clock: fastClock(),
      logger: recordingLogger(),
    });
    onTestFinished(() => service.close());
    await service.generate(context);
    expect(headers.at(-1)).toContain(`/${region}/kms/aws4_request`);
  });
});

describe('an answer of KMS about another key', () => {
  const id = '1234abcd-12ab-34cd-56ef-1234567890ab';
  const mrk = 'mrk-1234abcd12ab34cd56ef1234567890ab';
  const arn = (key: string, region = 'eu-west-1', account = '111122223333', partition = 'aws') =>
    `arn:${partition}:kms:${region}:${account}:key/${key}`;

  it.each<[asked: string, answered: string | undefined, taken: boolean]>([
    [id, arn(id), true],
    [id, id, true],
    [id, arn(`${id}0`), false],
    [arn(id), arn(id), true],
    [arn(id), arn(id, 'eu-west-2'), false],
    [arn(id), arn(id, 'eu-west-1', '999999999999'), false],
    [arn(id), arn(id, 'eu-west-1', '111122223333', 'aws-cn'), false],
    [arn(id), id, false],
    // one key in several regions
    [mrk, arn(mrk, 'us-east-1'), true],
    [arn(mrk), arn(mrk, 'us-east-1'), true],
    [arn(mrk), arn(mrk, 'us-east-1', '999999999999'), false],
    [arn(mrk), arn(`${mrk}0`), false],
    // an alias does not say which key it stands for
    ['alias/recordings', arn(id), true],
    ['alias/recordings', arn(id, 'us-east-1', '999999999999'), true],
    ['alias/recordings', 'alias/recordings', false],
    ['alias/recordings', id, true],
    ['arn:aws:kms:eu-west-1:111122223333:alias/recordings', id, false],
    ['arn:aws:kms:eu-west-1:111122223333:alias/recordings', arn(id), true],
    ['arn:aws:kms:eu-west-1:111122223333:alias/recordings', arn(mrk), true],
    ['arn:aws:kms:eu-west-1:111122223333:alias/recordings', arn(id, 'eu-west-2'), false],
    ['arn:aws:kms:eu-west-1:111122223333:alias/recordings', arn(id, 'eu-west-1', '999999999999'), false],
    [id, undefined, false],
    [id, '', false],
    [id, 'arn:aws:s3:::bucket', false],
  ])('asked for %s, answered about %s: taken is %s', (asked, answered, taken) => {
    expect(isAboutKey(asked, answered)).toBe(taken);
  });

  it('is refused by every operation, retryable, without using what it holds', async () => {
    const Plaintext = Buffer.alloc(32, 7).toString('base64');
    const answer = { Plaintext, CiphertextBlob: Plaintext, KeyId: arn('other'), SourceKeyId: arn('other') };
    const keys = (await answering(answer)).connect({ keyId: arn(id), sourceKeyId: arn(mrk) });
    for (const work of [
      () => keys.generate(context),
      () => keys.decrypt(Buffer.alloc(184), context),
      () => keys.encrypt?.(Buffer.alloc(32), context),
      () => keys.reencrypt?.(Buffer.alloc(184), context),
    ]) {
      await expect(work()).rejects.toMatchObject({
        code: 'KMS_UNAVAILABLE',
        retryable: true,
        message: expect.stringContaining(`the answer is about ${arn('other')}`) as string,
        hint: expect.stringContaining('ARCHIVE_KMS_KEY_ID') as string,
      });
    }
  });

  it('is refused where only one of the two keys of a move is another', async () => {
    const blob = Buffer.alloc(32, 7).toString('base64');
    for (const [KeyId, SourceKeyId] of [
      [arn('other'), arn(mrk)],
      [arn(id), arn('other')],
    ]) {
      const answer = { CiphertextBlob: blob, KeyId, SourceKeyId };
      const keys = (await answering(answer)).connect({ keyId: arn(id), sourceKeyId: arn(mrk) });
      await expect(keys.reencrypt?.(Buffer.alloc(184), context)).rejects.toMatchObject({
        code: 'KMS_UNAVAILABLE',
      });
    }
  });
});

describe('an envelope with KMS', () => {
  const ids = { recordingId: 'r-1', conversationId: 'c-1' };

  /** The service, keeping the very buffers it hands out. */
  function observed(service: DataKeyService) {
    const handedOut: Uint8Array[] = [];
    const watched: DataKeyService = {
      generate: async (...given) => {
        const made = await service.generate(...given);
        handedOut.push(made.plaintext);
        return made;
      },
      decrypt: async (...given) => {
        const plaintext = await service.decrypt(...given);
        handedOut.push(plaintext);
        return plaintext;
      },
    };
    return { watched, handedOut };
  }

  it.each(['s3ec-v2', 's3ec-v3'] as const)('%s erases its data keys after use', async (format) => {
    const { keys } = await start();
    const { watched, handedOut } = observed(keys);
    const wrap = createKmsWrap(watched);
    const envelope = createS3ecEnvelope({ format, wrapper: wrap, organizationId: 'o-1' });
    const sealer = await envelope.seal(ids);
    const body = run(sealer, [Buffer.from('a call')]);
    const stat = { key: 'k', metadata: sealer.metadata, size: body.length };
    const reader = createEnvelopeReader({ unwrappers: [wrap] });
    expect(run(await reader.unseal(stat), [body]).toString()).toBe('a call');
    expect(handedOut).toHaveLength(2);
    expect(handedOut.every((key) => key.every((byte) => byte === 0))).toBe(true);
  });

  it.each(['s3ec-v2', 's3ec-v3'] as const)(
    '%s is held to the ids a reader knows, before KMS is asked',
    async (format) => {
      const { keys, kms } = await start();
      const wrap = createKmsWrap(keys);
      const sealer = await createS3ecEnvelope({ format, wrapper: wrap, organizationId: 'o-1' }).seal(ids);
      const stat = { key: 'k', metadata: sealer.metadata, size: run(sealer, []).length };
      const open = (
        organizationId: string | undefined,
        expected: { recordingId?: string; conversationId?: string },
      ) =>
        createEnvelopeReader({
          unwrappers: [wrap],
          ...(organizationId === undefined ? {} : { organizationId }),
        }).unseal(stat, { expected });
      for (const work of [
        () => open('o-2', {}),
        () => open('o-1', { recordingId: 'r-2' }),
        () => open(undefined, { conversationId: 'r-1' }),
        () => open(undefined, { recordingId: 'R-1' }),
      ]) {
        expect((await rejectionOf(work())).code).toBe('CONTEXT_MISMATCH');
      }
      expect(kms.requests).toHaveLength(1);
      await open('o-1', ids);
      await open(undefined, {});
      expect(kms.requests).toHaveLength(3);
    },
  );
});
