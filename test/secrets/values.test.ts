import { describe, expect, it } from 'vitest';
import { unlimited } from '../../src/clock.ts';
import type { SecretErrorCode } from '../../packages/simulator/src/secrets/secrets.ts';
import { failure } from '../failure.ts';
import { passTime, startSecretValues } from './secrets-fixture.ts';

const FIVE_MINUTES = 300_000;

describe('a secret of AWS Secrets Manager', () => {
  it('is read once however many ask for it, kept for five minutes, and then read again', async () => {
    const { endpoint, secrets } = await startSecretValues();
    const arn = endpoint.put('one', 'first');
    const all = await Promise.all(Array.from({ length: 20 }, () => secrets.read(arn, unlimited)));
    expect(new Set(all.map((secret) => secret.reveal()))).toEqual(new Set(['first']));
    endpoint.put('one', 'second');
    expect((await secrets.read(arn, unlimited)).reveal()).toBe('first');
    expect(endpoint.requests).toEqual([{ secretId: arn, error: undefined }]);
    passTime(FIVE_MINUTES + 1_000);
    expect((await secrets.read(arn, unlimited)).reveal()).toBe('second');
    expect(endpoint.requests).toHaveLength(2);
  });

  it('is read at once when the last value was refused, and that one is kept from then on', async () => {
    const { endpoint, secrets } = await startSecretValues();
    const arn = endpoint.put('one', 'first');
    await secrets.read(arn, unlimited);
    endpoint.put('one', 'second');
    expect((await secrets.read(arn, unlimited, { fresh: true })).reveal()).toBe('second');
    expect((await secrets.read(arn, unlimited)).reveal()).toBe('second');
    expect(endpoint.requests).toHaveLength(2);
  });

  it('is the same object as long as its value is the same, so that what was made of it can be kept', async () => {
    const { endpoint, secrets } = await startSecretValues();
    const arn = endpoint.put('one', 'first');
    const before = await secrets.read(arn, unlimited);
    expect(await secrets.read(arn, unlimited, { fresh: true })).toBe(before);
  });

  it('is asked for again while Secrets Manager throttles or fails', async () => {
    const { endpoint, secrets, clock } = await startSecretValues();
    const arn = endpoint.put('one', 'first');
    endpoint.faults.add('ThrottlingException', 2);
    endpoint.faults.add('InternalServiceError');
    expect((await secrets.read(arn, unlimited)).reveal()).toBe('first');
    expect(endpoint.requests).toHaveLength(4);
    expect(clock.slept).toHaveLength(3);
  });

  it('stays in force while Secrets Manager cannot be reached, and never when access is taken away', async () => {
    const { endpoint, secrets, logger } = await startSecretValues();
    const arn = endpoint.put('one', 'first');
    await secrets.read(arn, unlimited);
    endpoint.faults.add('ThrottlingException', Number.POSITIVE_INFINITY);
    expect((await secrets.read(arn, unlimited, { fresh: true })).reveal()).toBe('first');
    expect(logger.lines.join('\n')).toContain('the last value of a secret stays in force');
    endpoint.faults.clear();
    endpoint.faults.add('AccessDeniedException');
    expect((await failure(secrets.read(arn, unlimited, { fresh: true }))).code).toBe('SECRET_DENIED');
  });

  it('that was never read is an error when Secrets Manager cannot be reached', async () => {
    const { endpoint, secrets } = await startSecretValues();
    const arn = endpoint.put('one', 'first');
    await endpoint.close();
    const error = await failure(secrets.read(arn, unlimited));
    expect([error.code, error.retryable]).toEqual(['SECRET_UNAVAILABLE', true]);
    expect(error.message).toMatch(/^secret one-[0-9a-f]{6}: ECONNREFUSED$/);
  });

  it.each<[SecretErrorCode, string, RegExp]>([
    ['AccessDeniedException', 'SECRET_DENIED', /secretsmanager:GetSecretValue/],
    ['DecryptionFailure', 'SECRET_DENIED', /kms:Decrypt/],
    ['UnrecognizedClientException', 'SECRET_DENIED', /not valid there/],
    ['InvalidSignatureException', 'SECRET_DENIED', /AWS_SECRET_ACCESS_KEY/],
    ['ResourceNotFoundException', 'SECRET_MISSING', /describe-secret/],
    ['InvalidParameterException', 'SECRET_MISSING', /describe-secret/],
    ['ThrottlingException', 'SECRET_UNAVAILABLE', /^$/],
  ])('%s is %s', async (fault, code, hint) => {
    const { endpoint, secrets } = await startSecretValues();
    const arn = endpoint.put('one', 'canary-value');
    endpoint.faults.add(fault, Number.POSITIVE_INFINITY);
    const error = await failure(secrets.read(arn, unlimited));
    expect(error.code).toBe(code);
    expect(error.hint ?? '').toMatch(hint);
    expect(JSON.stringify(error)).not.toContain('canary');
  });

  it('that is marked for deletion or empty says so', async () => {
    const { endpoint, secrets } = await startSecretValues();
    const deleted = endpoint.put('one', 'x');
    endpoint.remove('one');
    const error = await failure(secrets.read(deleted, unlimited));
    expect([error.code, error.hint]).toEqual(['SECRET_MISSING', expect.stringContaining('restore-secret')]);
    const empty = endpoint.put('two', ' \n');
    expect((await failure(secrets.read(empty, unlimited))).code).toBe('SECRET_INVALID');
  });

  it('is not waited for once the caller has no time left', async () => {
    const { endpoint, secrets } = await startSecretValues();
    const arn = endpoint.put('one', 'first');
    const controller = new AbortController();
    const impatient = secrets.read(arn, { deadline: Number.POSITIVE_INFINITY, signal: controller.signal });
    const patient = secrets.read(arn, unlimited);
    controller.abort();
    expect((await failure(impatient)).code).toBe('INTERRUPTED');
    expect((await patient).reveal()).toBe('first');
  });
});
