import { describe, expect, it } from 'vitest';
import { createEnvelopeReader } from '../../src/envelope/envelope-reader.ts';
import { deriveCommitment, deriveEncryptionKey, parseS3ecV3 } from '../../src/envelope/s3ec/v3.ts';
import { unwrapDataKey } from '../../src/envelope/key-wrap.ts';
import { parseS3ecV2 } from '../../src/envelope/s3ec/v2.ts';
import { bytewise, chunked, rejectionOf, run } from './bytes.ts';
import { goldenObjects, goldenUnwrapper } from './golden.ts';

const hex = (text: string) => Buffer.from(text, 'hex');

describe('objects written by AWS’s own clients', () => {
  it('are all here', () => {
    expect(goldenObjects.map(({ format, wrap }) => `${format} ${wrap}`)).toHaveLength(16);
    expect(new Set(goldenObjects.map(({ format, wrap }) => `${format} ${wrap}`)).size).toBe(4);
  });

  const named = goldenObjects.map((golden) => {
    const bytes = Buffer.from(golden.plaintext_b64, 'base64').length;
    return [
      `${golden.producer.split(' ')[0]} ${golden.format}, ${golden.wrap}, ${bytes} bytes`,
      golden,
    ] as const;
  });

  it.each(named)('%s: read whole, in pieces and byte by byte', async (_name, golden) => {
    const body = Buffer.from(golden.ciphertext_b64, 'base64');
    const reader = createEnvelopeReader({ unwrappers: [goldenUnwrapper(golden)] });
    const stat = { key: 'k', metadata: golden.metadata, size: body.length };
    for (const chunks of [
      [body],
      chunked(body, [1, 15, 16, 17]),
      chunked(body, [7, 7, 7, 7]),
      bytewise(body),
    ]) {
      const plaintext = run(await reader.unseal(stat), chunks);
      expect(plaintext.toString('base64')).toBe(golden.plaintext_b64);
    }
  });

  it.each(named)('%s: its data key is the recorded one', async (_name, golden) => {
    const size = Buffer.from(golden.ciphertext_b64, 'base64').length;
    const v3 = golden.format === 'V3';
    const header = (v3 ? parseS3ecV3 : parseS3ecV2)(golden.metadata, size);
    const algorithm = v3 ? '115' : 'AES/GCM/NoPadding';
    const dataKey = await unwrapDataKey(header, algorithm, { unwrappers: [goldenUnwrapper(golden)] });
    expect(Buffer.from(dataKey).toString('hex')).toBe(golden.dataKeyHex);
  });

  it.each(named)('%s: is held to the context or key it was written with', async (_name, golden) => {
    const size = Buffer.from(golden.ciphertext_b64, 'base64').length;
    const stat = { key: 'k', metadata: golden.metadata, size };
    const organization = { 'genesys-cloud-organization-id': '11111111-2222-3333-4444-555555555555' };
    const reader = createEnvelopeReader({ unwrappers: [goldenUnwrapper(golden)] });
    await expect(reader.unseal(stat, { expectedContext: organization })).resolves.toBeDefined();
    if (golden.wrap.includes('kms')) {
      const other = { ...organization, 'recording-id': 'r' };
      const failure = await rejectionOf(reader.unseal(stat, { expectedContext: other }));
      expect(failure.code).toBe('CONTEXT_MISMATCH');
    }
    const keyless = await rejectionOf(createEnvelopeReader({}).unseal(stat));
    expect(keyless.code).toBe('DECRYPT_FAILED');
  });
});

describe('HKDF-SHA-512 of format V3, vectors of AWS’s Go client', () => {
  it.each([
    {
      dataKey: '80d90dc4cc7e77d8a6332efa44eba56230a7fe7b89af37d1e501ab2e07c0a163',
      messageId: 'b8ea76bed24c7b85382a148cb9dcd1cfdfb765f55ded4dfa6e0c4c79',
      encryptionKey: '6dd14f546cc006e639126e83f5d4d1b118576bb5df97f38c6fb3a1db87bbc338',
      commitment: 'f89818bc0a346d3a3426b68e9509b6b2ae5fe1f904aa329fb73625db',
    },
    {
      dataKey: '501afb8227d22e75e68010414b8abdaf3064c081e8e922dafef4992036394d60',
      messageId: '61a00b4981a5aacfd136c55cb726e32d2a547dc7600a7d4675c69127',
      encryptionKey: 'e14786a714748d1d2c3a4a6816dec56ddf1881bbeabb4f39420ffb9f63700b2f',
      commitment: '5c1e73e47f6fe3a70d6d094283aceaa76d2975feb829212d88f0afc1',
    },
  ])('$messageId', ({ dataKey, messageId, encryptionKey, commitment }) => {
    expect(deriveEncryptionKey(hex(dataKey), hex(messageId)).toString('hex')).toBe(encryptionKey);
    expect(deriveCommitment(hex(dataKey), hex(messageId)).toString('hex')).toBe(commitment);
  });
});
