/** The keys that numbers are hashed with, so that equal ones can be found and none can be read. */
import { createHash, createHmac, createSecretKey, randomBytes } from 'node:crypto';
import type { Budget } from '../../clock.ts';
import { ArchiveError } from '../../errors.ts';
import { parseForeignJson } from '../../json.ts';
import type { CataloguePorts } from '../ports.ts';
import { searchKeyIds, searchKeyKey, SEARCH_KEYS_PREFIX } from '../places.ts';
import { openSealed, sealBytes } from '../../record/sealed-object.ts';

const SCHEMA = 'genesys-media-archive/search-key/v1';
const KEY_BYTES = 32;

export interface SearchKey {
  /** `1-` and 16 hex digits of SHA-256 of the key: a key that was made anew has another id. */
  readonly id: string;
  /** First 64 bits of HMAC-SHA256 over kind ‖ 0 ‖ value, as a signed number. */
  hash(kind: 'customer' | 'agent', value: string): bigint;
}

type KeyPorts = Pick<CataloguePorts, 'catalogue' | 'reader' | 'envelope'>;

/** All keys there are, the newest last; none where they cannot be opened. */
export async function readSearchKeys(ports: KeyPorts, budget: Budget): Promise<readonly SearchKey[]> {
  const { catalogue, reader } = ports;
  if (reader === undefined) return [];
  const serials: number[] = [];
  for await (const { key } of catalogue.list(SEARCH_KEYS_PREFIX, budget)) {
    const [, serial] = /search-([1-9]\d{0,5})\.json\.enc$/.exec(key) ?? [];
    if (serial !== undefined) serials.push(Number(serial));
  }
  const keys: SearchKey[] = [];
  for (const serial of serials.sort((one, other) => one - other)) {
    const found = await openSealed(catalogue, reader, placeOf(serial), budget);
    if (found !== undefined) keys.push(parseKey(found.bytes, serial));
  }
  return keys;
}

/** The newest key, made where it is missing; `undefined` where it could not be opened again. */
export async function currentSearchKey(ports: KeyPorts, budget: Budget): Promise<SearchKey | undefined> {
  const { catalogue, envelope } = ports;
  if (ports.reader === undefined) return undefined;
  const known = (await readSearchKeys(ports, budget)).at(-1);
  if (known !== undefined || envelope === undefined) return known;
  const { key, ids } = placeOf(1);
  const json = JSON.stringify({ schema: SCHEMA, key: randomBytes(KEY_BYTES).toString('base64') });
  const { body, options } = await sealBytes(envelope, ids, Buffer.from(json), budget);
  // of several that make one at once, one is stored, and all read that
  await catalogue.put(key, body, options, budget);
  return (await readSearchKeys(ports, budget)).at(-1);
}

const placeOf = (serial: number) => ({ key: searchKeyKey(serial), ids: searchKeyIds(serial) });

function parseKey(json: Buffer, serial: number): SearchKey {
  const parsed = parseForeignJson(json.toString('utf8')) as { schema?: unknown; key?: unknown } | undefined;
  const key = typeof parsed?.key === 'string' ? Buffer.from(parsed.key, 'base64') : undefined;
  if (parsed?.schema !== SCHEMA || key?.length !== KEY_BYTES)
    throw new ArchiveError('CATALOGUE_UNREADABLE', `${searchKeyKey(serial)} is not a search key`);
  return createSearchKey(key, serial);
}

/** @param key 32 bytes. */
export function createSearchKey(key: Uint8Array, serial: number): SearchKey {
  // a key object, because it is used for each row: Node 24 takes seven times as long with bytes
  const secret = createSecretKey(key);
  return {
    id: `${serial}-${createHash('sha256').update(key).digest('hex').slice(0, 16)}`,
    hash: (kind, value) =>
      createHmac('sha256', secret).update(`${kind}\0${value}`).digest().readBigInt64BE(0),
  };
}

/** What agents are called in the clear file where their ids are not to be there. */
export const hashedAgent = (key: SearchKey, id: string): string =>
  BigInt.asUintN(64, key.hash('agent', id)).toString(16).padStart(16, '0');

/** What people write between the digits of a number; hyphens and dashes of any length. */
const BETWEEN_DIGITS = /[\s()./\u{2010}-\u{2015}\u{2212}-]/gu;

/**
 * One spelling of a number or an address: without `tel:` or `sip:`, what stands between digits, and the `(0)` of `+49 (0)30`; `+` for the
 * international prefix `00`; of a SIP address whose user is a number with `+`, that number; addresses in lower case. A number without
 * its country stays as it is: nothing says which country is meant. `undefined` for an address that names no person.
 */
export function canonicalAddress(stated: string | undefined): string | undefined {
  const bare = (stated ?? '')
    .trim()
    .replace(/^(?:tel|sips?|mailto):/i, '')
    .replace(/;.*$/, '')
    .replace(/^%2b/i, '+');
  const [, user = bare] = /^(\+[\d\s().-]{7,30})@/.exec(bare) ?? [];
  const digits = user.replace(/^(\+|00)(\d{1,3})\s*\(0\)/, '$1$2').replaceAll(BETWEEN_DIGITS, '');
  if (/^\+?\d{3,20}$/.test(digits)) return digits.replace(/^00(?=[1-9]\d{6})/, '+');
  const address = bare.toLowerCase();
  return address === '' || /^(?:anonymous|unknown|restricted|unavailable|private)(?:@|$)/.test(address)
    ? undefined
    : address;
}
