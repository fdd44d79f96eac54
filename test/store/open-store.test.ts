import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { openStore, parseStoreLocation } from '../../src/store/open-store.ts';

describe('parseStoreLocation', () => {
  it.for([
    ['s3://my-bucket', { kind: 's3', bucket: 'my-bucket', prefix: undefined }],
    ['s3://my-bucket/', { kind: 's3', bucket: 'my-bucket', prefix: undefined }],
    ['s3://my.bucket/a/b', { kind: 's3', bucket: 'my.bucket', prefix: 'a/b' }],
    ['s3://my-bucket/a/b/', { kind: 's3', bucket: 'my-bucket', prefix: 'a/b' }],
    ['file:./archive', { kind: 'directory', path: './archive' }],
    ['file:/var/archive', { kind: 'directory', path: '/var/archive' }],
    ['file:///var/archive', { kind: 'directory', path: '/var/archive' }],
  ] as const)('understands %s', ([location, expected]) => {
    expect(parseStoreLocation(location)).toEqual(expected);
  });

  it.for([
    '',
    'archive',
    '/var/archive',
    'file:',
    'file://',
    'file://host/share',
    's3:',
    's3://',
    's3:///key',
    's3://Bucket',
    's3://ab',
    's3://a..b',
    's3://user:secret@bucket',
    's3://bucket/../other',
    's3://bucket//a',
    's3://bucket/a b',
    'https://bucket.s3.amazonaws.com/',
  ])('refuses %j', (location) => {
    expect(() => parseStoreLocation(location)).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID', retryable: false }),
    );
  });
});

describe('openStore', () => {
  it('opens either kind without a request', async () => {
    expect((await openStore('file:some/archive')).location).toBe(`file:${path.resolve('some/archive')}`);
    expect((await openStore('s3://my-bucket/a/', { s3: { region: 'eu-west-1' } })).location).toBe(
      's3://my-bucket/a',
    );
    await expect(openStore('ftp://x')).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  });
});
