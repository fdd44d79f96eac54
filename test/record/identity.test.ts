import { describe, expect, it } from 'vitest';
import {
  formatOf,
  hashMetadata,
  idempotencyKey,
  isSameRecording,
  wrapOf,
} from '../../src/record/identity.ts';

const ids = { recordingId: 'r-1', conversationId: 'c-1' };

describe('hashMetadata', () => {
  const v3 = {
    'x-amz-c': '115',
    'x-amz-3': 'wrapped',
    'x-amz-w': '12',
    'x-amz-t': '{}',
    'x-amz-i': 'message-id',
    'x-amz-d': 'commitment',
    'gca-idem': 'x',
  };

  it.each(['x-amz-3', 'x-amz-w', 'x-amz-t', 'x-amz-m', 'x-amz-key-v2', 'x-amz-wrap-alg', 'x-amz-matdesc'])(
    'stays the same when the data key is wrapped anew: %s',
    (name) => {
      expect(hashMetadata({ metadata: { ...v3, [name]: 'another' } })).toBe(hashMetadata({ metadata: v3 }));
    },
  );

  it.each(['x-amz-c', 'x-amz-i', 'x-amz-d', 'gca-idem', 'iv', 'anything-else'])('changes with %s', (name) => {
    expect(hashMetadata({ metadata: { ...v3, [name]: 'another' } })).not.toBe(hashMetadata({ metadata: v3 }));
  });
});

describe('isSameRecording', () => {
  it('goes by the idempotency key, and by the key of the object without one', () => {
    expect(isSameRecording({ metadata: { 'gca-idem': idempotencyKey(ids) } }, ids)).toBe(true);
    const other = idempotencyKey({ ...ids, channel: '0' });
    expect(isSameRecording({ metadata: { 'gca-idem': other } }, ids)).toBe(false);
    expect(isSameRecording({ metadata: { encryption: 'aes-256-gcm', iv: 'x' } }, ids)).toBe(true);
    expect(isSameRecording({ metadata: { encryption: 'aes-256-gcm' } }, ids)).toBe(false);
    expect(isSameRecording({ metadata: { iv: 'x' } }, ids)).toBe(false);
  });

  it('has a key of its own for every recording, conversation and channel', () => {
    const all = [
      ids,
      { ...ids, channel: '0' },
      { ...ids, channel: '1' },
      { recordingId: 'r-2', conversationId: 'c-1' },
      { recordingId: 'r-1', conversationId: 'c-2' },
      { recordingId: 'c-1', conversationId: 'r-1' },
    ];
    expect(new Set(all.map(idempotencyKey)).size).toBe(all.length);
    expect(idempotencyKey(ids)).toMatch(/^[\w-]{43}$/);
  });
});

describe('formatOf', () => {
  it.each([
    [{ 'x-amz-c': '115' }, 's3ec-v3'],
    [{ 'x-amz-3': 'x' }, 's3ec-v3'],
    [{ 'x-amz-key-v2': 'x' }, 's3ec-v2'],
    [{ encryption: 'x', iv: 'y' }, 'static-gcm'],
    [{ encryption: 'x' }, 'unknown'],
    [{ iv: 'x' }, 'unknown'],
    [{}, 'unknown'],
  ])('%j is %s', (metadata, format) => {
    expect(formatOf({ metadata })).toBe(format);
  });
});

describe('wrapOf', () => {
  const kid = JSON.stringify({ kid: 'k.2_3-A' });

  it('says how the data key is wrapped, in the words of both formats, and under which key', () => {
    const wrap = (metadata: Record<string, string>) => wrapOf({ metadata }, 'arn:aws:kms:key');
    expect(wrap({ 'x-amz-w': '12', 'x-amz-t': kid })).toEqual({
      wrap: 'kms+context',
      keyId: 'arn:aws:kms:key',
    });
    expect(wrap({ 'x-amz-w': '02', 'x-amz-m': kid })).toEqual({ wrap: 'AES/GCM', keyId: 'k.2_3-A' });
    expect(wrap({ 'x-amz-w': '22', 'x-amz-m': `{"a":"b", "kid" : "r"}` })).toEqual({
      wrap: 'RSA-OAEP-SHA1',
      keyId: 'r',
    });
    expect(wrap({ 'x-amz-wrap-alg': 'AES/GCM', 'x-amz-matdesc': kid })).toEqual({
      wrap: 'AES/GCM',
      keyId: 'k.2_3-A',
    });
    expect(wrap({ 'x-amz-wrap-alg': 'kms+context', 'x-amz-matdesc': kid })).toEqual({
      wrap: 'kms+context',
      keyId: 'arn:aws:kms:key',
    });
  });

  it('says nothing of what it does not know', () => {
    expect(wrapOf({ metadata: { encryption: 'aes-256-gcm', iv: 'x' } }, 'key')).toEqual({});
    expect(wrapOf({ metadata: { 'x-amz-w': '99', 'x-amz-m': kid } }, 'key')).toEqual({});
    expect(wrapOf({ metadata: { 'x-amz-w': '12' } }, undefined)).toEqual({ wrap: 'kms+context' });
    for (const description of [
      '',
      '{}',
      '{"kid":7}',
      '{"kid":""}',
      '{"akid":"x"}',
      `{"kid":"${'x'.repeat(65)}"}`,
    ]) {
      expect(wrapOf({ metadata: { 'x-amz-w': '02', 'x-amz-m': description } }, 'key')).toEqual({
        wrap: 'AES/GCM',
      });
    }
    expect(wrapOf({ metadata: { 'x-amz-w': '02' } }, 'key')).toEqual({ wrap: 'AES/GCM' });
  });
});
