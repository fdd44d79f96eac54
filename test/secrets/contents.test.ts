import { generateKeyPairSync } from 'node:crypto';
import { inspect } from 'node:util';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { unlimited } from '../../src/clock.ts';
import { ArchiveError } from '../../src/errors.ts';
import { Secret } from '../../src/secret.ts';
import { readClientCredentials, readSigningKey, readWebhookSecrets } from '../../src/secrets/contents.ts';
import type { SecretValues } from '../../src/secrets/values.ts';
import { signerOf } from '../../src/signing-keys.ts';

const ARN = 'arn:aws:secretsmanager:us-east-1:000000000000:secret:one-abcdef';
const holding = (value: string): SecretValues => ({ read: () => Promise.resolve(new Secret(value)) });
const codeOf = (error: unknown) => (error instanceof ArchiveError ? error.code : String(error));

describe('what secrets hold', () => {
  it('the OAuth client is JSON with two fields, and may have others', async () => {
    const value = JSON.stringify({ clientId: 'id', clientSecret: 'canary', rotatedAt: 'today' });
    const { clientId, clientSecret } = await readClientCredentials({ secretArn: ARN }, holding(value))(
      unlimited,
      false,
    );
    expect([clientId, clientSecret.reveal(), String(clientSecret)]).toEqual(['id', 'canary', '[secret]']);
  });

  it('the OAuth client may stand behind the byte order mark of the file it was made of', async () => {
    const value = `\ufeff${JSON.stringify({ clientId: 'id', clientSecret: 'canary' })}\r\n`;
    const read = readClientCredentials({ secretArn: ARN }, holding(value));
    expect((await read(unlimited, false)).clientId).toBe('id');
  });

  it('the OAuth client of the settings is taken as it is, and no secret is read', async () => {
    const settings = { clientId: 'id', clientSecret: new Secret('canary') };
    const never: SecretValues = { read: () => Promise.reject(new Error('nobody asks')) };
    expect(await readClientCredentials(settings, never)(unlimited, true)).toBe(settings);
    expect(await readWebhookSecrets({ secrets: [settings.clientSecret] }, never)(unlimited)).toEqual([
      settings.clientSecret,
    ]);
  });

  it.each([
    ['text', 'canary-text'],
    ['a list', '["canary"]'],
    ['no id', '{"clientSecret": "canary"}'],
    ['no secret', '{"clientId": "canary"}'],
    ['an empty secret', '{"clientId": "canary", "clientSecret": ""}'],
    ['white space', '{"clientId": "canary", "clientSecret": "canary "}'],
    ['another type', '{"clientId": "canary", "clientSecret": 5}'],
  ])('an OAuth client that is %s is refused, and none of it repeated', async (_, value) => {
    const read = readClientCredentials({ secretArn: ARN }, holding(value));
    const error: unknown = await read(unlimited, false).catch((caught: unknown) => caught);
    expect(codeOf(error)).toBe('SECRET_INVALID');
    expect(inspect(error) + JSON.stringify(error)).not.toContain('canary');
  });

  it.each([
    ['text', 'one-secret'],
    ['a line', 'one-secret\n'],
    ['JSON', '{"webhookSecret": "one-secret"}'],
    ['JSON behind a byte order mark', '\ufeff{"webhookSecret": "one-secret"}'],
    ['a line behind a byte order mark', '\ufeffone-secret\r\n'],
  ])('the secret of the HTTP entry may be %s', async (_, value) => {
    const secrets = await readWebhookSecrets({ secrets: [], secretArn: ARN }, holding(value))(unlimited);
    expect(secrets.map((secret) => secret.reveal())).toEqual(['one-secret']);
  });

  it('several secrets of the HTTP entry are active at once', async () => {
    const secrets = await readWebhookSecrets({ secrets: [], secretArn: ARN }, holding('new, old'))(unlimited);
    expect(secrets.map((secret) => secret.reveal())).toEqual(['new', 'old']);
  });

  it('no JSON without the field, and no list of nothing, is a secret of the HTTP entry', async () => {
    for (const value of ['{"secret": "canary"}', ',,', 'with space']) {
      const read = readWebhookSecrets({ secrets: [], secretArn: ARN }, holding(value));
      expect(codeOf(await read(unlimited).catch((error: unknown) => error))).toBe('SECRET_INVALID');
    }
  });

  it('the key of receipts is PEM, bare or as a field', async () => {
    const { privateKey } = generateKeyPairSync('ed25519');
    const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    const expected = signerOf(pem, 'x').keyId;
    for (const value of [pem, JSON.stringify({ privateKey: pem })]) {
      const found = await readSigningKey(ARN, holding(value), unlimited);
      expect(signerOf(found.reveal(), 'x').keyId).toBe(expected);
    }
    const none = readSigningKey(ARN, holding('{}'), unlimited);
    expect(codeOf(await none.catch((error: unknown) => error))).toBe('SECRET_INVALID');
    expect(() => signerOf('canary', 'the secret')).toThrow('the secret holds no private key in PEM form');
  });

  it('nothing that a secret holds is in an error', async () => {
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.json(), fc.string()), async (value) => {
        const read = readClientCredentials({ secretArn: ARN }, holding(`${value} canary`));
        const error: unknown = await read(unlimited, false).catch((caught: unknown) => caught);
        expect(codeOf(error)).toBe('SECRET_INVALID');
        expect(inspect(error)).not.toContain('canary');
      }),
    );
  });
});
