import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import {
  CreateKeyCommand,
  DecryptCommand,
  DescribeKeyCommand,
  EncryptCommand,
  GenerateDataKeyCommand,
  GenerateDataKeyWithoutPlaintextCommand,
  type KMSClient,
  ListKeysCommand,
  ScheduleKeyDeletionCommand,
} from '@aws-sdk/client-kms';
import { describe, expect, it } from 'vitest';
import type { KmsErrorCode } from '../../packages/simulator/src/kms/kms.ts';
import { sha256Hex, verifySignature } from '../../packages/simulator/src/aws/sigv4.ts';
import { createClient, refusalOf, startEndpoint, temporaryDirectory } from './kms-fixture.ts';
import { describeKms } from './kms-scenario.ts';

const KeyId = 'alias/recordings';
const EncryptionContext = { 'recording-id': 'canary-recording' };

const generate = (client: KMSClient) =>
  client.send(new GenerateDataKeyCommand({ KeyId, KeySpec: 'AES_256', EncryptionContext }));

describeKms('the KMS endpoint, as any KMS', async () => createClient((await startEndpoint()).url));

describe('the KMS endpoint', () => {
  it('keeps its keys across restarts, for their owner only', async () => {
    const dir = join(await temporaryDirectory(), 'keys');
    const first = await startEndpoint({ dir });
    const { CiphertextBlob, Plaintext } = await generate(createClient(first.url));
    await first.close();
    const files = await readdir(dir);
    expect(files).toHaveLength(1);
    for (const file of files) expect((await stat(join(dir, file))).mode & 0o777).toBe(0o600);
    expect((await stat(dir)).mode & 0o777).toBe(0o700);

    const second = createClient((await startEndpoint({ dir })).url);
    const read = await second.send(new DecryptCommand({ CiphertextBlob, EncryptionContext }));
    expect(Buffer.from(read.Plaintext ?? [])).toEqual(Buffer.from(Plaintext ?? []));
    expect((await second.send(new ListKeysCommand({}))).Keys).toHaveLength(1);
    const elsewhere = createClient((await startEndpoint()).url);
    const command = new DecryptCommand({ CiphertextBlob, EncryptionContext });
    expect(await refusalOf(elsewhere.send(command))).toBe('InvalidCiphertextException');
  });

  it('forgets a key once its time has come, and its file says so', async () => {
    const clock = { now: Date.now() };
    const dir = await temporaryDirectory();
    // the client signs by the system's clock, so the endpoint's may not leave its neighbourhood
    const kms = await startEndpoint({ dir, now: () => clock.now });
    const client = createClient(kms.url);
    const made = await client.send(new CreateKeyCommand({}));
    const id = made.KeyMetadata?.KeyId ?? '';
    const { DeletionDate } = await client.send(
      new ScheduleKeyDeletionCommand({ KeyId: id, PendingWindowInDays: 7 }),
    );
    expect(DeletionDate?.getTime()).toBeCloseTo(clock.now + 7 * 86_400_000, -4);
    await kms.close();
    const record = JSON.parse(await readFile(join(dir, `${id}.json`), 'utf8')) as { deletionAt: number };
    const later = await startEndpoint({ dir, now: () => record.deletionAt });
    const describeLater = createClient(later.url, { systemClockOffset: record.deletionAt - Date.now() });
    const command = new DescribeKeyCommand({ KeyId: id });
    expect(await refusalOf(describeLater.send(command))).toBe('NotFoundException');
  });

  it('records what was asked, by name only', async () => {
    const kms = await startEndpoint();
    const client = createClient(kms.url);
    const { CiphertextBlob } = await generate(client);
    await refusalOf(client.send(new DecryptCommand({ CiphertextBlob })));
    expect(kms.requests).toEqual([
      {
        operation: 'GenerateDataKey',
        keyId: KeyId,
        contextNames: ['recording-id'],
        status: 200,
        error: undefined,
      },
      {
        operation: 'Decrypt',
        keyId: undefined,
        contextNames: [],
        status: 400,
        error: 'InvalidCiphertextException',
      },
    ]);
    expect(JSON.stringify(kms.requests)).not.toContain('canary');
  });

  it('checks who asks and that nothing was changed on the way', async () => {
    const kms = await startEndpoint();
    const ask = (credentials: { accessKeyId: string; secretAccessKey: string }, region = 'us-east-1') =>
      refusalOf(createClient(kms.url, { credentials, region }).send(new ListKeysCommand({})));
    expect(await ask({ accessKeyId: 'simulator', secretAccessKey: 'wrong' })).toBe(
      'InvalidSignatureException',
    );
    expect(await ask({ accessKeyId: 'stranger', secretAccessKey: 'simulator-secret-key' })).toBe(
      'UnrecognizedClientException',
    );
    expect(
      await ask({ accessKeyId: 'simulator', secretAccessKey: 'simulator-secret-key' }, 'eu-west-1'),
    ).toBe('IncompleteSignatureException');
    const anonymous = await fetch(kms.url, {
      method: 'POST',
      headers: { 'x-amz-target': 'TrentService.ListKeys' },
      body: '{}',
    });
    expect([anonymous.status, await anonymous.json()]).toEqual([
      400,
      expect.objectContaining({ __type: 'MissingAuthenticationTokenException' }),
    ]);
    expect(kms.requests.map(({ operation }) => operation)).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
    ]);

    const client = createClient(kms.url);
    client.middlewareStack.add(
      (next) => (args) => {
        (args.request as { body: string }).body = '{"Limit":7}';
        return next(args);
      },
      // after signing
      { step: 'finalizeRequest', priority: 'low' },
    );
    expect(await refusalOf(client.send(new ListKeysCommand({ Limit: 8 })))).toBe('InvalidSignatureException');
  });

  it('takes signatures as every service but S3 has them: without a header for the digest of the body', () => {
    // https://docs.aws.amazon.com/IAM/latest/UserGuide/create-signed-request.html, with its published signature
    const headers = new Map([
      ['content-type', 'application/x-www-form-urlencoded; charset=utf-8'],
      ['host', 'iam.amazonaws.com'],
      ['x-amz-date', '20150830T123600Z'],
      [
        'authorization',
        'AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, ' +
          'SignedHeaders=content-type;host;x-amz-date, ' +
          'Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7',
      ],
    ]);
    const query = [
      ['Action', 'ListUsers'],
      ['Version', '2010-05-08'],
    ] as const;
    const credentials = {
      accessKeyId: 'AKIDEXAMPLE',
      secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
      region: 'us-east-1',
      service: 'iam',
    };
    const verify = (body: string, service = 'iam') =>
      verifySignature(
        { method: 'GET', path: '/', query, headers },
        { ...credentials, service },
        Date.parse('2015-08-30T12:36:00Z'),
        sha256Hex(body),
      );
    expect(verify('').scope).toBe('20150830/us-east-1/iam/aws4_request');
    expect(() => verify('another')).toThrow(expect.objectContaining({ code: 'SignatureDoesNotMatch' }));
    expect(() => verify('', 'kms')).toThrow(
      expect.objectContaining({ code: 'AuthorizationHeaderMalformed' }),
    );
  });

  it.each<KmsErrorCode>([
    'ThrottlingException',
    'KMSInternalException',
    'DependencyTimeoutException',
    'AccessDeniedException',
  ])('answers %s on request, to one operation, as often as asked', async (code) => {
    const kms = await startEndpoint();
    const client = createClient(kms.url);
    kms.faults.add({ operation: 'GenerateDataKey', times: 2, skip: 1, fault: { kind: 'error', code } });
    await generate(client);
    const outcomes = [
      await refusalOf(generate(client)),
      await refusalOf(client.send(new ListKeysCommand({}))),
    ];
    expect(outcomes).toEqual([code, 'no refusal']);
    expect([await refusalOf(generate(client)), await refusalOf(generate(client))]).toEqual([
      code,
      'no refusal',
    ]);
  });

  it('resets, loses answers and stalls on request', async () => {
    const kms = await startEndpoint();
    const client = createClient(kms.url, {
      requestHandler: { requestTimeout: 200, throwOnRequestTimeout: true },
    });
    kms.faults.add({ fault: { kind: 'reset' } });
    kms.faults.add({ fault: { kind: 'lost-answer' } });
    kms.faults.add({ fault: { kind: 'stall' } });
    const codeOf = async () => {
      const error: unknown = await generate(client).catch((thrown: unknown) => thrown);
      return (error as { code?: string; name: string }).code ?? (error as { name: string }).name;
    };
    expect([await codeOf(), await codeOf(), await codeOf()]).toEqual([
      'ECONNRESET',
      'ECONNRESET',
      'ETIMEDOUT',
    ]);
    await generate(client);
    expect(kms.requests.map(({ status }) => status)).toEqual([0, 0, 0, 200]);
  });

  it('refuses by name what it does not have, instead of ignoring it', async () => {
    const kms = await startEndpoint();
    const client = createClient(kms.url);
    const outcomes = [
      client.send(new CreateKeyCommand({ KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' })),
      client.send(new CreateKeyCommand({ Policy: '{}' })),
      client.send(new GenerateDataKeyCommand({ KeyId })),
      client.send(new GenerateDataKeyCommand({ KeyId, KeySpec: 'AES_256', DryRun: true })),
      client.send(new EncryptCommand({ KeyId, Plaintext: Buffer.alloc(0) })),
      client.send(new DescribeKeyCommand({ KeyId: 'arn:aws:kms:us-east-1:210987654321:alias/recordings' })),
      client.send(new DescribeKeyCommand({ KeyId: 'arn:aws:s3:::bucket' })),
      client.send(new ScheduleKeyDeletionCommand({ KeyId })),
      client.send(
        new EncryptCommand({ KeyId, Plaintext: Buffer.alloc(1), EncryptionAlgorithm: 'RSAES_OAEP_SHA_1' }),
      ),
    ].map(refusalOf);
    expect(await Promise.all(outcomes)).toEqual([
      'UnsupportedOperationException',
      'UnsupportedOperationException',
      'ValidationException',
      'DryRunOperationException',
      'ValidationException',
      'NotFoundException',
      'InvalidArnException',
      'NotFoundException',
      'InvalidKeyUsageException',
    ]);
    const blind = await client.send(new GenerateDataKeyWithoutPlaintextCommand({ KeyId, NumberOfBytes: 16 }));
    expect([blind.CiphertextBlob?.length, 'Plaintext' in blind]).toEqual([168, false]);
  });
});
