import { BlockList, isIP } from 'node:net';

/**
 * Address blocks that are not on the public internet, from the IANA special-purpose registries:
 * https://www.iana.org/assignments/iana-ipv4-special-registry, https://www.iana.org/assignments/iana-ipv6-special-registry.
 * 169.254.0.0/16 holds the cloud metadata and container credential services.
 */
// Stryker disable ArrayDeclaration,StringLiteral: what is no network makes this module throw when it is loaded
const NOT_PUBLIC_V4: readonly (readonly [string, number])[] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.31.196.0', 24],
  ['192.52.193.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['192.175.48.0', 24],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
];

const notPublicV4 = new BlockList();
for (const [network, prefix] of NOT_PUBLIC_V4) notPublicV4.addSubnet(network, prefix, 'ipv4');

/** Only 2000::/3 is allocated as global unicast; inside it these are tunnels, documentation or protocol space. */
const globalUnicastV6 = new BlockList();
globalUnicastV6.addSubnet('2000::', 3, 'ipv6');
const notPublicV6 = new BlockList();
notPublicV6.addSubnet('2001::', 23, 'ipv6'); // IETF protocol assignments, Teredo, ORCHID
notPublicV6.addSubnet('2001:db8::', 32, 'ipv6'); // documentation
notPublicV6.addSubnet('2002::', 16, 'ipv6'); // 6to4 embeds any IPv4 address
notPublicV6.addSubnet('3fff::', 20, 'ipv6'); // documentation
// Stryker restore all

/**
 * Reports whether `address` (a literal, no brackets) is a public unicast address. An IPv6 address that embeds an IPv4 address is judged by that one
 * where translators (NAT64, RFC 6052) make it reachable, and is not public in every other form: mapped (`::ffff:0:0/96`), compatible
 * (`::/96`), translated (`::ffff:0:0:0/96`) and local-use NAT64 (`64:ff9b:1::/48`, RFC 8215) lie outside 2000::/3, 6to4 and Teredo in
 * the list above. An ISATAP interface identifier (RFC 5214) must not hide an address that is not public.
 */
export function isPublicAddress(address: string): boolean {
  switch (isIP(address)) {
    case 4:
      return !notPublicV4.check(address, 'ipv4');
    case 6:
      return !address.includes('%') && isPublicV6(address);
    default:
      return false;
  }
}

function isPublicV6(address: string): boolean {
  const groups = groupsOf(address);
  const embedded = groups.slice(6).flatMap((group) => [group >> 8, group & 0xff]);
  const isPublicEmbedded = !notPublicV4.check(embedded.join('.'), 'ipv4');
  if (groups.slice(0, 6).join(' ') === NAT64) return isPublicEmbedded;
  const isIsatap = groups[5] === 0x5efe && ((groups[4] ?? 0) & 0xfdff) === 0;
  if (isIsatap && !isPublicEmbedded) return false;
  return globalUnicastV6.check(address, 'ipv6') && !notPublicV6.check(address, 'ipv6');
}

/** 64:ff9b::/96, the well-known prefix of RFC 6052, section 2.1. */
const NAT64 = [0x64, 0xff9b, 0, 0, 0, 0].join(' ');

/** The eight groups of a valid IPv6 address without a zone. */
function groupsOf(address: string): readonly number[] {
  const dotted = /^(.*:)(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(address);
  let text = address;
  if (dotted !== null) {
    const [, before = '', ...bytes] = dotted;
    const [a = 0, b = 0, c = 0, d = 0] = bytes.map(Number);
    text = `${before}${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
  }
  const read = (part: string) =>
    part === '' ? [] : part.split(':').map((group) => Number.parseInt(group, 16));
  const [head = '', tail] = text.split('::');
  if (tail === undefined) return read(head);
  const [first, last] = [read(head), read(tail)];
  return [...first, ...Array<number>(8 - first.length - last.length).fill(0), ...last];
}

/** The two loopback addresses that `ARCHIVE_ALLOW_LOOPBACK=1` opens; 127.0.0.2 and the rest of 127/8 stay closed. */
export function isPermittedLoopback(address: string): boolean {
  return address === '127.0.0.1' || address === '::1';
}
