import { describe, expect, it } from 'vitest';
import { isPermittedLoopback, isPublicAddress } from '../../src/http/addresses.ts';

/** Every block that is not public, by its edges, and its public neighbours where it has any. */
const BLOCKS: readonly (readonly [
  name: string,
  before: string | undefined,
  first: string,
  last: string,
  after: string | undefined,
])[] = [
  ['this network', undefined, '0.0.0.0', '0.255.255.255', '1.0.0.0'],
  ['private 10/8', '9.255.255.255', '10.0.0.0', '10.255.255.255', '11.0.0.0'],
  ['shared 100.64/10', '100.63.255.255', '100.64.0.0', '100.127.255.255', '100.128.0.0'],
  ['loopback', '126.255.255.255', '127.0.0.0', '127.255.255.255', '128.0.0.0'],
  ['link-local', '169.253.255.255', '169.254.0.0', '169.254.255.255', '169.255.0.0'],
  ['private 172.16/12', '172.15.255.255', '172.16.0.0', '172.31.255.255', '172.32.0.0'],
  ['IETF 192.0.0/24', '191.255.255.255', '192.0.0.0', '192.0.0.255', '192.0.1.0'],
  ['documentation 1', '192.0.1.255', '192.0.2.0', '192.0.2.255', '192.0.3.0'],
  ['AS112 v4', '192.31.195.255', '192.31.196.0', '192.31.196.255', '192.31.197.0'],
  ['AMT', '192.52.192.255', '192.52.193.0', '192.52.193.255', '192.52.194.0'],
  ['6to4 relay', '192.88.98.255', '192.88.99.0', '192.88.99.255', '192.88.100.0'],
  ['private 192.168/16', '192.167.255.255', '192.168.0.0', '192.168.255.255', '192.169.0.0'],
  ['AS112 direct', '192.175.47.255', '192.175.48.0', '192.175.48.255', '192.175.49.0'],
  ['benchmarks', '198.17.255.255', '198.18.0.0', '198.19.255.255', '198.20.0.0'],
  ['documentation 2', '198.51.99.255', '198.51.100.0', '198.51.100.255', '198.51.101.0'],
  ['documentation 3', '203.0.112.255', '203.0.113.0', '203.0.113.255', '203.0.114.0'],
  ['multicast', '223.255.255.255', '224.0.0.0', '239.255.255.255', undefined],
  ['reserved', undefined, '240.0.0.0', '255.255.255.255', undefined],
  ['below global unicast', undefined, '::', '1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', '2000::'],
  [
    'protocol assignments',
    '2000:ffff:ffff:ffff:ffff:ffff:ffff:ffff',
    '2001::',
    '2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff',
    '2001:200::',
  ],
  ['documentation v6', '2001:db7:ffff::', '2001:db8::', '2001:db8:ffff:ffff::', '2001:db9::'],
  ['6to4', '2001:ffff::', '2002::', '2002:ffff::', '2003::'],
  ['documentation 3fff', '3ffe:ffff::', '3fff::', '3fff:fff:ffff::', '3fff:1000::'],
  ['above global unicast', '3fff:ffff::', '4000::', 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', undefined],
];

describe('isPublicAddress', () => {
  it.each(BLOCKS)('%s ends where it ends', (_name, before, first, last, after) => {
    expect([first, last].map(isPublicAddress)).toEqual([false, false]);
    for (const neighbour of [before, after]) {
      if (neighbour !== undefined)
        expect.soft([neighbour, isPublicAddress(neighbour)]).toEqual([neighbour, true]);
    }
  });

  it.each([
    '',
    'localhost',
    '1.2.3',
    '1.2.3.4.5',
    '93.184.216.34 ',
    '2606:4700::1111%eth0',
    '[2606:4700::1111]',
  ])('what is no address (%j) is not public', (text) => {
    expect(isPublicAddress(text)).toBe(false);
  });
});

describe('isPermittedLoopback', () => {
  it('is 127.0.0.1 and ::1, and nothing else', () => {
    expect(['127.0.0.1', '::1'].map(isPermittedLoopback)).toEqual([true, true]);
    const others = ['127.0.0.2', '127.0.0.10', '::2', '0:0:0:0:0:0:0:1', 'localhost', ''];
    expect(others.map(isPermittedLoopback)).toEqual(others.map(() => false));
  });
});
