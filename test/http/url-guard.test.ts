import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ArchiveError } from '../../src/errors.ts';
import { isPublicAddress } from '../../src/http/addresses.ts';
import { redactUrl } from '../../src/http/redact.ts';
import { checkAddress, checkUrl } from '../../src/http/url-guard.ts';

const strict = { hosts: ['media.example.com', 'bucket.s3.amazonaws.com'], allowLoopback: false };
const local = { ...strict, allowLoopback: true };

const verdict = (url: string, policy = strict) => {
  try {
    return checkUrl(url, policy).hostname;
  } catch (error) {
    return error instanceof ArchiveError ? error.code : 'other';
  }
};

describe('checkUrl', () => {
  it.each([
    'https://media.example.com/a.wav?X-Amz-Signature=abc',
    'https://eu.media.example.com/a.wav',
    'https://MEDIA.example.COM./a.wav',
    'https://bucket.s3.amazonaws.com/a.wav',
    'https://media.example.com:443/a.wav',
  ])('lets %s pass', (url) => {
    expect(verdict(url)).not.toBe('URL_REFUSED');
  });

  const refusedAlways = [
    'http://media.example.com/a.wav',
    'ftp://media.example.com/a.wav',
    'file:///etc/passwd',
    'data:text/plain,hello',
    'gopher://media.example.com/',
    'https://media.example.com:8443/a.wav',
    'https://user@media.example.com/a.wav',
    'https://user:pw@media.example.com/a.wav',
    'https://media.example.com@evil.example/a.wav',
    'https://evil.example/media.example.com',
    'https://notmedia.example.com.evil.example/',
    'https://xmedia.example.com/a.wav',
    'https://s3.amazonaws.com/bucket/a.wav',
    'https://other-bucket.s3.amazonaws.com/a.wav',
    'https://127.0.0.2/a.wav',
    'https://127.1.1.1/',
    'https://0.0.0.0/',
    'https://0/',
    'https://10.0.0.1/',
    'https://172.16.0.1/',
    'https://192.168.1.1/',
    'https://169.254.169.254/latest/meta-data/',
    'https://169.254.170.2/v2/credentials',
    'https://100.64.0.1/',
    'https://[::]/',
    'https://[fd00:ec2::254]/latest/meta-data/',
    'https://[fe80::1]/',
    'https://[::ffff:169.254.169.254]/',
    'https://[::ffff:7f00:2]/',
    'https://[64:ff9b::a9fe:a9fe]/',
    'https://[2002:7f00:1::]/',
    'https://8.8.8.8/a.wav',
    'https://[2606:4700::1111]/a.wav',
    'https://metadata/computeMetadata/v1/',
    'https://kubernetes.default/',
    'https://localhost.evil.example/',
    '//media.example.com/a.wav',
    '/a.wav',
    'media.example.com/a.wav',
    '',
    'https://',
    'https://?',
  ];

  it.each(refusedAlways)('refuses %s, with and without loopback permitted', (url) => {
    expect(verdict(url)).toBe('URL_REFUSED');
    expect(verdict(url, local)).toBe('URL_REFUSED');
  });

  it.each([
    'http://127.0.0.1:8080/a.wav',
    'https://127.0.0.1/a.wav',
    'http://[::1]:8080/a.wav',
    'http://localhost:9/',
    'http://2130706433/', // 127.0.0.1, as WHATWG URL reads it
    'http://0x7f.1/',
  ])('opens %s only with ARCHIVE_ALLOW_LOOPBACK', (url) => {
    expect(verdict(url)).toBe('URL_REFUSED');
    expect(verdict(url, local)).not.toBe('URL_REFUSED');
  });

  it('a listed path opens what stands below it, and nothing beside it', () => {
    const bucket = { hosts: ['s3.amazonaws.com/their-bucket/'], allowLoopback: false };
    expect(verdict('https://s3.amazonaws.com/their-bucket/a.wav?sig=1', bucket)).toBe('s3.amazonaws.com');
    for (const path of [
      'other/a.wav',
      'their-bucket',
      'their-bucket-2/a.wav',
      'their-bucket/../other/a.wav',
      'their-bucket/%2e%2e/other/a.wav',
      'x/their-bucket/a.wav',
    ]) {
      expect(verdict(`https://s3.amazonaws.com/${path}`, bucket)).toBe('URL_REFUSED');
    }
  });

  it.each([
    'https://attacker.s3.amazonaws.com/their-bucket/a.wav',
    'https://s3.amazonaws.com.attacker.example/their-bucket/a.wav',
    'https://xs3.amazonaws.com/their-bucket/a.wav',
    'https://s3.eu-west-1.amazonaws.com/their-bucket/a.wav',
    'https://s3.amazonaws.com/Their-Bucket/a.wav',
    'https://s3.amazonaws.com//their-bucket/a.wav',
    'https://s3.amazonaws.com/their-bucket%2fa.wav',
    'https://s3.amazonaws.com/their-bucket%2f..%2fother/a.wav',
    'https://s3.amazonaws.com/their-bucket/%2e%2e%2fother/a.wav',
    'https://s3.amazonaws.com/their-bucket/..%2fother/a.wav',
    'https://s3.amazonaws.com/their-bucket/%252e%252e/other/a.wav',
    'https://s3.amazonaws.com/their-bucket/%25252e%25252e%25252fother/a.wav',
    'https://s3.amazonaws.com/their-bucket/..%5cother/a.wav',
    'https://s3.amazonaws.com/their-bucket/x/..%2f..%2fother/a.wav',
    'https://s3.amazonaws.com/their-bucket/..;/other/a.wav',
    'https://s3.amazonaws.com/their-bucket/%2e/a.wav%2f%2e',
    'https://s3.amazonaws.com/their-bucket/%ff%fe/a.wav',
    'https://s3.amazonaws.com/their-bucket/%/a.wav',
    'https://s3.amazonaws.com/?x=/their-bucket/a.wav',
    'https://s3.amazonaws.com/#/their-bucket/a.wav',
  ])('a listed path does not open %s', (url) => {
    for (const host of [
      's3.amazonaws.com/their-bucket',
      '*.s3.amazonaws.com/their-bucket',
      '.amazonaws.com/their-bucket',
    ]) {
      expect(verdict(url, { hosts: [host], allowLoopback: false })).toBe('URL_REFUSED');
    }
  });

  it('a listed path opens ordinary keys, however they are encoded', () => {
    const bucket = { hosts: ['S3.amazonaws.com/their-bucket'], allowLoopback: false };
    for (const key of [
      'a.wav',
      'a/b..c/..d/e.wav',
      'a%20b/%C3%BC.wav',
      'a+b=c%2Bd.wav',
      'x/../a.wav',
      'a//b.wav',
    ]) {
      expect([
        key,
        verdict(`https://s3.amazonaws.com/their-bucket/${key}?X-Amz-Signature=%2F..%2F`, bucket),
      ]).toEqual([key, 's3.amazonaws.com']);
    }
    expect(verdict('https://S3.AMAZONAWS.COM./their-bucket/a.wav', bucket)).toBe('s3.amazonaws.com.');
  });

  it.each([
    'their-bucket.s3.amazonaws.com',
    'their-bucket.s3.eu-west-1.amazonaws.com',
    'b.s3-us-west-2.amazonaws.com',
  ])('the host %s of a bucket opens no bucket whose name ends like it', (host) => {
    const bucket = { hosts: [host], allowLoopback: false };
    expect(verdict(`https://${host}/a.wav`, bucket)).toBe(host);
    expect(verdict(`https://evil.${host}/a.wav`, bucket)).toBe('URL_REFUSED');
  });

  it('never shows path, query or user of what it refuses', () => {
    fc.assert(
      fc.property(fc.webUrl({ withQueryParameters: true, withFragments: true }), fc.uuid(), (url, canary) => {
        try {
          checkUrl(`${url}${url.includes('?') ? '&' : '?'}token=${canary}`, {
            hosts: [],
            allowLoopback: false,
          });
          expect.unreachable();
        } catch (error) {
          expect(JSON.stringify(error) + String(error)).not.toContain(canary);
        }
      }),
    );
  });

  it('either refuses or returns an https URL on a listed host, for any text', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.webUrl(),
          fc.webAuthority().map((host) => `https://${host}/`),
          fc
            .tuple(
              fc.constantFrom('', 'a.', '-', '.', 'evil'),
              fc.constantFrom('', '.', '.evil', '@evil', ':444'),
            )
            .map(([before, after]) => `https://${before}media.example.com${after}/`),
        ),
        (text) => {
          const host = verdict(text);
          if (host === 'URL_REFUSED') return;
          expect(host).toMatch(/(^|\.)(media\.example\.com|bucket\.s3\.amazonaws\.com)\.?$/);
        },
      ),
      { numRuns: 2000 },
    );
  });
});

describe('isPublicAddress', () => {
  it.each([
    '8.8.8.8',
    '1.1.1.1',
    '52.94.5.1',
    '172.32.0.1',
    '192.167.255.255',
    '2606:4700::1111',
    '2a05:d018::1',
    // NAT64: the IPv4 address inside
    '64:ff9b::8.8.8.8',
    '64:ff9b::808:808',
    '64:FF9B:0:0:0:0:808:808',
    '0064:ff9b::0808:0808',
    '64:ff9b::ac20:1',
    // an ISATAP identifier with a public address in it
    '2606:4700::200:5efe:808:808',
  ])('accepts %s', (address) => {
    expect(isPublicAddress(address)).toBe(true);
  });

  it.each([
    '0.0.0.0',
    '10.255.255.255',
    '100.127.255.255',
    '127.0.0.1',
    '127.255.255.254',
    '169.254.169.254',
    '169.254.170.2',
    '172.31.255.255',
    '192.0.0.8',
    '192.168.0.1',
    '198.18.0.1',
    '224.0.0.1',
    '240.0.0.1',
    '255.255.255.255',
    '::',
    '::1',
    'fe80::1',
    'fe80::1%eth0',
    'fc00::1',
    'fd00:ec2::254',
    'ff02::1',
    '::ffff:8.8.8.8',
    '::ffff:127.0.0.1',
    '64:ff9b::10.8.8.8',
    '64:ff9b::7f00:1',
    '64:ff9b::127.0.0.1',
    '64:ff9b::a9fe:a9fe',
    '64:ff9b::ac1f:ffff',
    '64:ff9b::',
    '64:ff9b::ffff:ffff',
    '64:ff9b::1:808:808',
    '64:ff9b:0:0:1::8.8.8.8',
    '64:ff9b:1::8.8.8.8',
    '64:ff9b:1:ffff::8.8.8.8',
    '64:ff9a::8.8.8.8',
    '64:ff9b::8.8.8.8%eth0',
    '::8.8.8.8',
    '::ffff:0:8.8.8.8',
    '2002:808:808::1',
    '2001:0:808:808::1',
    '2606:4700::5efe:10.0.0.1',
    '2606:4700::5efe:7f00:1',
    '2606:4700::200:5efe:a9fe:a9fe',
    '64:ff9b:1::1',
    '100::1',
    '2001::1',
    '2001:db8::1',
    '2002:7f00:1::',
    '3fff::1',
    '5f00::1',
    '',
    'localhost',
    '8.8.8',
    '08.8.8.8',
    '8.8.8.8.8',
    '[::1]',
  ])('refuses %s', (address) => {
    expect(isPublicAddress(address)).toBe(false);
  });

  it('permits exactly 127.0.0.1 and ::1 of the loopback addresses when asked to', () => {
    const permits = (address: string) => {
      try {
        checkAddress(address, 'host', { allowLoopback: true });
        return true;
      } catch {
        return false;
      }
    };
    expect(permits('127.0.0.1')).toBe(true);
    expect(permits('::1')).toBe(true);
    fc.assert(
      fc.property(fc.integer({ min: 0x7f000000, max: 0x7fffffff }), (number) => {
        const address = [24, 16, 8, 0].map((shift) => (number >>> shift) & 255).join('.');
        expect(permits(address)).toBe(address === '127.0.0.1');
      }),
    );
  });
});

describe('redactUrl', () => {
  it('keeps scheme, host and path, and nothing of user, query or fragment', () => {
    expect(redactUrl('https://u:p@h.example:8443/a/b.wav?X-Amz-Signature=s#f')).toBe(
      'https://h.example:8443/a/b.wav',
    );
    expect(redactUrl('not a url? token=1')).toBe('(not a URL)');
  });

  it('drops a secret wherever it stands behind the path', () => {
    fc.assert(
      fc.property(fc.webUrl({ withQueryParameters: true, withFragments: true }), fc.uuid(), (url, secret) => {
        const joined = `${url}${url.includes('?') ? '&' : '?'}s=${secret}#${secret}`;
        expect(redactUrl(joined)).not.toContain(secret);
      }),
    );
  });
});
