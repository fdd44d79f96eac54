import { describe, expect, it } from 'vitest';
import { ArchiveError } from '../../src/errors.ts';
import { checkAddress, checkUrl } from '../../src/http/url-guard.ts';

const policy = { hosts: ['media.example.com', 's3.amazonaws.com/bucket//'], allowLoopback: false };

function refusal(work: () => unknown): ArchiveError {
  try {
    work();
  } catch (error) {
    if (error instanceof ArchiveError) return error;
  }
  throw new Error('it was not refused');
}

describe('a refused address says why, and names the host at most', () => {
  it.each<[string, string | undefined, string]>([
    ['not a url', undefined, 'address refused: it is not an absolute URL'],
    ['https://user@media.example.com/', undefined, 'address refused: it carries a user name or password'],
    ['https://:secret@media.example.com/', undefined, 'address refused: it carries a user name or password'],
    [
      'http://media.example.com/p?q',
      'media.example.com',
      'address refused (media.example.com): its scheme is not https',
    ],
    [
      'https://media.example.com:444/',
      'media.example.com',
      'address refused (media.example.com): it names a port other than 443',
    ],
    ['https://93.184.216.34/', '93.184.216.34', 'address refused (93.184.216.34): its host is an IP address'],
    ['https://[2606::1]/', '2606::1', 'address refused (2606::1): its host is an IP address'],
    ['https://metadata/', 'metadata', 'address refused (metadata): its host is not a full domain name'],
    [
      'https://evil.example/p?q',
      'evil.example',
      'address refused (evil.example): its host is not on the list of media hosts',
    ],
    ['gopher://Strange_Host!/', 'strange?host?', 'address refused (strange?host?): its scheme is not https'],
  ])('%s', (url, host, message) => {
    const error = refusal(() => checkUrl(url, policy));
    expect(error).toMatchObject({ code: 'URL_REFUSED', retryable: false, message });
    expect(error.details['host']).toBe(host);
  });

  it('cuts a long host', () => {
    const error = refusal(() => checkUrl(`http://${'a.'.repeat(80)}com/`, policy));
    expect(error.details['host']).toHaveLength(100);
  });

  it('an address behind a name is not shown', () => {
    const error = refusal(() => checkAddress('10.0.0.1', 'media.example.com', policy));
    expect(error.message).toBe(
      'address refused (media.example.com): its host resolves to an address that is not public',
    );
  });

  it.each([
    ['https://s3.amazonaws.com/bucket/a.wav', true],
    ['https://s3.amazonaws.com/bucketeer/a.wav', false],
    ['https://s3.amazonaws.com/bucket', false],
  ])('slashes at the end of a listed path count for nothing: %s', (url, passes) => {
    const check = () => checkUrl(url, policy);
    if (passes) expect(check().href).toBe(url);
    else expect(check).toThrow(ArchiveError);
  });

  it('a listed path may have several folders', () => {
    const deep = { hosts: ['s3.amazonaws.com/bucket/calls'], allowLoopback: false };
    expect(checkUrl('https://s3.amazonaws.com/bucket/calls/a.wav', deep).pathname).toBe(
      '/bucket/calls/a.wav',
    );
    for (const path of ['bucketcalls/a.wav', 'bucket/a.wav', 'bucket/calls-2/a.wav']) {
      expect(() => checkUrl(`https://s3.amazonaws.com/${path}`, deep)).toThrow(ArchiveError);
    }
  });

  it('an address is fit when it is public, or loopback where that is permitted', () => {
    const local = { allowLoopback: true };
    expect(() => checkAddress('93.184.216.34', 'media.example.com', policy)).not.toThrow();
    expect(() => checkAddress('93.184.216.34', 'media.example.com', local)).not.toThrow();
    expect(() => checkAddress('127.0.0.1', 'localhost', local)).not.toThrow();
    expect(() => checkAddress('127.0.0.1', 'localhost', policy)).toThrow(ArchiveError);
    expect(() => checkAddress('127.0.0.2', 'localhost', local)).toThrow(ArchiveError);
  });

  it.each(['*.example.com', '.example.com', 'example.com.', 'EXAMPLE.com'])('%s lists a suffix', (listed) => {
    const hosts = { hosts: [listed], allowLoopback: false };
    expect(checkUrl('https://media.example.com/', hosts).hostname).toBe('media.example.com');
    expect(checkUrl('https://example.com/', hosts).hostname).toBe('example.com');
    expect(() => checkUrl('https://xexample.com/', hosts)).toThrow(ArchiveError);
    expect(() => checkUrl('https://example.com.evil.example/', hosts)).toThrow(ArchiveError);
  });

  it('any public host passes where none are listed, and only https does', () => {
    const anywhere = { hosts: undefined, allowLoopback: false };
    expect(checkUrl('https://anything.example/', anywhere).hostname).toBe('anything.example');
    for (const url of [
      'http://anything.example/',
      'https://93.184.216.34/',
      'https://[2606::1]/',
      'https://plain/',
    ]) {
      expect(() => checkUrl(url, anywhere)).toThrow(ArchiveError);
    }
  });

  it('loopback is permitted for http and https only', () => {
    const local = { hosts: [], allowLoopback: true };
    for (const url of ['http://127.0.0.1:1/', 'https://[::1]:1/', 'http://localhost:1/']) {
      expect(checkUrl(url, local).href).toBe(url);
    }
    for (const url of [
      'ftp://127.0.0.1/',
      'ws://localhost/',
      'http://media.example.com/',
      'http://127.0.0.2/',
    ]) {
      expect(() => checkUrl(url, local)).toThrow(ArchiveError);
    }
  });
});
