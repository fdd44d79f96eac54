import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type SecretsOptions, startSecrets } from '../../packages/simulator/src/secrets/secrets.ts';

async function start(options: SecretsOptions = {}, secretAccessKey = 'simulator-secret-key') {
  const endpoint = await startSecrets(options);
  const client = new SecretsManagerClient({
    endpoint: endpoint.url,
    region: 'us-east-1',
    maxAttempts: 1,
    credentials: { accessKeyId: 'simulator', secretAccessKey },
  });
  onTestFinished(async () => {
    client.destroy();
    await endpoint.close();
  });
  const get = (SecretId: string, more: object = {}) =>
    client.send(new GetSecretValueCommand({ SecretId, ...more })).catch((error: Error) => error.name);
  return { endpoint, get };
}

describe('the simulated Secrets Manager', () => {
  it('gives the value of a secret to the AWS SDK, by its name or its ARN', async () => {
    const { endpoint, get } = await start({ secrets: { one: 'first' } });
    const found = await get('one');
    const arn = endpoint.put('one', 'second');
    expect(found).toMatchObject({
      Name: 'one',
      ARN: arn,
      SecretString: 'first',
      VersionStages: ['AWSCURRENT'],
    });
    expect(arn).toMatch(/^arn:aws:secretsmanager:us-east-1:000000000000:secret:one-[0-9a-f]{6}$/);
    expect(await get(arn)).toMatchObject({ SecretString: 'second' });
    expect(endpoint.requests.map(({ secretId }) => secretId)).toEqual(['one', arn]);
  });

  it('keeps the value before the current one, under its stage', async () => {
    const { endpoint, get } = await start({ secrets: { one: 'first' } });
    expect(await get('one', { VersionStage: 'AWSPREVIOUS' })).toBe('ResourceNotFoundException');
    endpoint.put('one', 'second');
    expect(await get('one', { VersionStage: 'AWSPREVIOUS' })).toMatchObject({ SecretString: 'first' });
    expect(await get('one', { VersionStage: 'AWSCURRENT' })).toMatchObject({ SecretString: 'second' });
  });

  it('refuses what it does not know, by name', async () => {
    const { endpoint, get } = await start({ secrets: { one: 'first', two: 'x' } });
    expect(await get('none')).toBe('ResourceNotFoundException');
    expect(await get('one', { VersionId: 'a'.repeat(32) })).toBe('InvalidParameterException');
    endpoint.remove('two');
    expect(await get('two')).toBe('InvalidRequestException');
    endpoint.faults.add('AccessDeniedException');
    expect(await get('one')).toBe('AccessDeniedException');
    expect(await get('one')).toMatchObject({ SecretString: 'first' });
    expect(endpoint.requests.map(({ error }) => error)).toEqual([
      'ResourceNotFoundException',
      'InvalidParameterException',
      'InvalidRequestException',
      'AccessDeniedException',
      undefined,
    ]);
  });

  it('wants requests signed with its key', async () => {
    const { get } = await start({ secrets: { one: 'first' } }, 'another-key');
    expect(await get('one')).toBe('InvalidSignatureException');
    const { endpoint } = await start({ secrets: { one: 'first' } });
    const headers = { 'x-amz-target': 'secretsmanager.GetSecretValue' };
    const answer = await fetch(endpoint.url, { method: 'POST', headers, body: '{"SecretId":"one"}' });
    expect([answer.status, await answer.json()]).toMatchObject([
      400,
      { __type: 'MissingAuthenticationTokenException' },
    ]);
  });
});
