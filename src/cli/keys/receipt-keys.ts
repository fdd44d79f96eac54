import { chmod, open, readFile, stat, unlink } from 'node:fs/promises';
import { signingKeyId } from '../../record/receipt/receipt.ts';
import { ArchiveError, describeForeign, systemCodeOf } from '../../errors.ts';
import { present } from '../../present.ts';
import {
  formatKeyList,
  type KeyList,
  type ListedKey,
  MAX_KEY_LIST_BYTES,
  parseKeyList,
  parsePublicKey,
} from '../../signing/key-list.ts';
import type { CommandContext } from '../_context.ts';
import { printable } from '../_format.ts';
import { createFileTarget } from '../file-target.ts';
import type { KeysOptions } from '../options/keys.ts';

/** All users may read public keys. */
const READABLE_BY_ALL = 0o644;
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,3})?Z$/;

/** `keys receipts`: shows a list of public keys, or makes, extends and limits one. No key is ever taken out of it. */
export async function runReceiptKeys(context: CommandContext, options: KeysOptions): Promise<number> {
  const { list: file } = options;
  if (file === undefined) throw usage('nothing says which list', 'keys receipts --list FILE');
  const change = changeOf(options, context.clock.now());
  if (change === undefined) {
    show(context, parseKeyList(await readText(file), printable(file)));
    return 0;
  }
  if (options.dryRun === true) {
    show(context, await change(await readList(file, options)));
    return 0;
  }
  const unlock = await lock(file);
  try {
    const list = await change(await readList(file, options));
    await write(file, list);
    show(context, list);
  } finally {
    await unlock();
  }
  context.ui.say(
    `${printable(file)} is written; put it to wherever receipts are verified: ARCHIVE_RECEIPT_PUBLIC_KEYS`,
  );
  return 0;
}

type Change = (list: KeyList) => KeyList | Promise<KeyList>;

/** @throws `USAGE` when several changes are asked for at once, or with what does not belong to one. */
function changeOf(options: KeysOptions, now: number): Change | undefined {
  const { add, retire, revoke, comment } = options;
  const asked = Object.entries({ '--add': add, '--retire': retire, '--revoke': revoke }).flatMap(
    ([option, value]) => (value === undefined ? [] : [option]),
  );
  if (asked.length > 1) {
    throw usage(`${asked.join(' and ')} cannot be done at once`, 'run keys receipts once for each');
  }
  const time = readTime(options.at, '--at') ?? new Date(now).toISOString();
  const storedBy = readTime(options.storedBy, '--stored-by');
  if (storedBy !== undefined && revoke === undefined) throw usage('--stored-by belongs to --revoke');
  if (comment !== undefined && asked.length === 0)
    throw usage('--comment belongs to --add, --retire or --revoke');
  if (options.at !== undefined && asked.length === 0)
    throw usage('--at belongs to --add, --retire or --revoke');
  const note = present({ comment });
  if (add !== undefined)
    return async (list) => addKey(list, await readText(add), { validFrom: time, ...note });
  if (retire !== undefined) {
    return (list) =>
      changeKey(list, retire, (key) => ({ ...key, validUntil: earlier(key, 'validUntil', time), ...note }));
  }
  if (revoke === undefined) return undefined;
  return (list) =>
    changeKey(list, revoke, (key) => ({
      ...key,
      revokedAt: earlier(key, 'revokedAt', time),
      ...present({ storedBy: storedBy === undefined ? undefined : earlier(key, 'storedBy', storedBy) }),
      ...note,
    }));
}

function addKey({ keys }: KeyList, text: string, facts: Pick<ListedKey, 'validFrom' | 'comment'>): KeyList {
  const publicKey = parsePublicKey(text, 'the file of --add');
  const keyId = signingKeyId(publicKey);
  if (keys.some((key) => key.keyId === keyId)) throw usage(`the list has the key ${keyId} already`);
  const spki = publicKey.export({ type: 'spki', format: 'der' }).toString('base64');
  return { version: 1, keys: [...keys, { keyId, publicKey: spki, ...facts }] };
}

function changeKey({ keys }: KeyList, keyId: string, change: (key: ListedKey) => ListedKey): KeyList {
  if (!keys.some((key) => key.keyId === keyId)) {
    throw usage('the list has no key of that id', 'keys receipts --list FILE shows the ids');
  }
  return { version: 1, keys: keys.map((key) => (key.keyId === keyId ? change(key) : key)) };
}

/** What has been withdrawn once is not given back: a limit can be moved to the past, and by hand only to the future. */
function earlier(key: ListedKey, name: 'validUntil' | 'revokedAt' | 'storedBy', time: string): string {
  const known = key[name];
  if (known === undefined || Date.parse(time) <= Date.parse(known)) return time;
  throw usage(`${name} of ${key.keyId} is ${known} already, and can only be moved to an earlier time`);
}

function readTime(text: string | undefined, option: string): string | undefined {
  if (text === undefined) return undefined;
  if (TIME.test(text) && Number.isFinite(Date.parse(text))) return text;
  throw usage(`${option} is not a time such as 2026-11-28T00:00:00Z`);
}

function show({ ui }: CommandContext, { keys }: KeyList): void {
  for (const { publicKey, ...key } of keys) {
    if (ui.json) {
      ui.record('key', { kind: 'receipts', ...key, publicKey });
      continue;
    }
    const limits = (['validFrom', 'validUntil', 'revokedAt', 'storedBy'] as const).flatMap((name) =>
      key[name] === undefined ? [] : [`${name} ${key[name]}`],
    );
    const note = key.comment === undefined ? [] : [printable(key.comment)];
    ui.out([key.keyId, limits.join(', ') || 'at any time', ...note].join('  '));
  }
}

/** Only a change that adds a key may make the list. */
async function readList(file: string, { add }: KeysOptions): Promise<KeyList> {
  try {
    await stat(file);
  } catch (error) {
    if (add !== undefined && systemCodeOf(error) === 'ENOENT') return { version: 1, keys: [] };
  }
  return parseKeyList(await readText(file), printable(file));
}

async function readText(file: string): Promise<string> {
  try {
    const { size } = await stat(file);
    if (size <= MAX_KEY_LIST_BYTES) return await readFile(file, 'utf8');
  } catch (error) {
    throw new ArchiveError('CONFIG_INVALID', `${printable(file)} cannot be read: ${describeForeign(error)}`);
  }
  throw new ArchiveError('CONFIG_INVALID', `${printable(file)} is too large to hold public keys`);
}

async function write(file: string, list: KeyList): Promise<void> {
  const mode = await stat(file).then(
    (facts) => facts.mode & 0o777,
    () => READABLE_BY_ALL,
  );
  const target = await createFileTarget(file, { force: true });
  try {
    await target.write(Buffer.from(formatKeyList(list)));
    await target.commit();
  } catch (error) {
    await target.abandon();
    throw error;
  }
  await chmod(target.path, mode);
}

/** Two that change one list at once would lose a revocation. */
async function lock(file: string): Promise<() => Promise<void>> {
  const name = `${file}.lock`;
  try {
    await (await open(name, 'wx', 0o600)).close();
  } catch (error) {
    const taken = systemCodeOf(error) === 'EEXIST';
    throw new ArchiveError(
      'OUTPUT_FAILED',
      taken
        ? `${printable(file)} is being changed by another run`
        : `${printable(name)}: ${describeForeign(error)}`,
      { hint: taken ? `wait; if no other run is left, remove ${printable(name)}` : 'look at the folder' },
    );
  }
  return () => unlink(name).catch(() => {});
}

function usage(message: string, hint?: string): ArchiveError {
  return new ArchiveError('USAGE', message, present({ hint }));
}
