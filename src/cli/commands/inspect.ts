import { whyNoObject } from '../../audit/why-missing.ts';
import { FIRST_WRAP } from '../../record/first-wrap.ts';
import { readInstruction } from '../../record/instruction-file.ts';
import { keyRecordKey } from '../../record/key-record.ts';
import { keyRecordOf } from '../../record/key-records.ts';
import { identifyKey, type Layout } from '../../record/layout.ts';
import { type CheckedObject, openChecked } from '../../audit/open-checked.ts';
import { openConfiguredStore, readTrust } from '../../create/archiver.ts';
import { bindsStoredContext } from '../../envelope/key-wrap.ts';
import { STATIC_GCM } from '../../envelope/static-gcm.ts';
import type { Budget } from '../../clock.ts';
import { ArchiveError, toArchiveError } from '../../errors.ts';
import { canonicalMetadata, describeRenamed } from '../../metadata-names.ts';
import { createExpiredObjects } from '../../keep/retention/removal-notes.ts';
import type { ObjectStat } from '../../ports.ts';
import { printableJson } from '../../printable.ts';
import { type CommandContext, openBudget, readRange, readSettings, searchVersions } from '../_context.ts';
import { keysWhere, locateRecording } from '../find/look-up.ts';
import { readCallFacts } from '../inspect/call-facts.ts';
import { decryptionRecipe } from '../inspect/decryption-recipe.ts';
import { clientSnippets, type ForeignReading, type Snippet } from '../inspect/decryption-snippets.ts';
import { printable, printableLines } from '../_format.ts';
import { type Inspection, inspectMetadata, TAG_BYTES } from '../inspect/inspect-metadata.ts';
import { opensslSnippet } from '../inspect/openssl-snippet.ts';
import type { InspectOptions } from '../options/read.ts';

/** Columns of the longest name of a fact. */
const NAME_WIDTH = 17;

/** Shows what an object says of itself, without a key. An object of no known format is shown too, and ends with exit code 5. */
export async function run(
  context: CommandContext,
  [named]: readonly string[],
  options: InspectOptions,
): Promise<number> {
  const { ui, clock, logger } = context;
  requireOne(named, options);
  const days = readRange(options);
  const config = await readSettings(context, 'store');
  const trust = await readTrust(config);
  const store = await openConfiguredStore(config, { clock, logger });
  const expired = createExpiredObjects({ store, keys: trust.keys ?? new Map(), clock });
  const version = options.objectVersion;
  const range = searchVersions(config, days, { keys: trust.keys, version, expired });
  const { budget, end } = openBudget(context);
  let stat: ObjectStat | undefined;
  let instruction: string | undefined;
  let checked: CheckedObject | undefined;
  let call: object = {};
  let idOrKey = named ?? '';
  try {
    if (options.where !== undefined) {
      // numbers and names are sealed: the search needs the key, and the rest of this command does not
      const search = await readSettings(context, 'wrap');
      idOrKey = await onlyWhere(context, search, options.where, budget);
    }
    const key = await locateRecording(context, { config, store, range }, idOrKey, budget);
    stat = await store.head(key, budget);
    if (stat === undefined) throw await whyNoObject({ store, ...trust, expired }, key, budget);
    else {
      const ports = { store, ...trust, unverified: true };
      checked = await openChecked(ports, stat.key, budget, true);
      instruction = await readKey(stat, checked, () =>
        readInstruction(store, checked?.stat.key ?? '', budget),
      );
      call = await readCallFacts({ store, layout: range.layout }, checked, budget);
    }
  } finally {
    end();
  }
  const inspection = inspectMetadata(stat, instruction);
  const facts = { ...describeObject(stat, inspection, store.location, range.layout), ...call };
  const snippets = readingElsewhere(stat, inspection, store.location);
  if (ui.json) {
    const { metadata } = stat;
    ui.record('object', { ...facts, metadata, problem: inspection.problem?.code, snippets });
  } else show(ui, stat.metadata, { facts, iv: inspection.iv, snippets });
  if (inspection.problem !== undefined) throw inspection.problem;
  if (checked?.standing !== 'unverified') return 0;
  if (options.unverified !== true) {
    throw new ArchiveError('RECEIPT_MISMATCH', `${printable(stat.key)}: ${checked.notes.join('; ')}`, {
      hint: 'docs/runbook.md says what to do about each finding; --unverified shows it with exit code 0',
    });
  }
  return 0;
}

function show(
  ui: CommandContext['ui'],
  metadata: ObjectStat['metadata'],
  it: {
    readonly facts: ReturnType<typeof describeObject> & object;
    readonly iv: string | undefined;
    readonly snippets: ReturnType<typeof readingElsewhere>;
  },
): void {
  for (const [name, value] of Object.entries(it.facts)) {
    const shown = typeof value === 'object' ? printableJson(value) : String(value);
    if (value !== undefined) ui.out(`${name.padEnd(NAME_WIDTH)}  ${printable(shown)}`);
  }
  ui.out('metadata');
  for (const [name, value] of Object.entries(metadata)) ui.out(`  ${printable(name)}: ${printable(value)}`);
  if (it.iv !== undefined) for (const line of decryptionRecipe(it.iv)) ui.out(line);
  if (it.snippets.length > 0) ui.out(`\n${HOW_ELSE}`);
  for (const { title, code } of it.snippets) ui.out(`\n  # ${title}\n${indent(printableLines(code))}`);
}

/** A lost or damaged record is told by the findings. */
async function readKey(
  stat: ObjectStat,
  checked: CheckedObject,
  readFile: () => Promise<string | undefined>,
): Promise<string | undefined> {
  if (keyRecordOf(stat) === undefined) return readFile();
  try {
    return await checked.request.readInstruction();
  } catch (error) {
    const { code } = toArchiveError(error);
    if (code === 'KEY_RECORD_MISSING' || code === 'OBJECT_MALFORMED') return undefined;
    throw error;
  }
}

/** @throws `USAGE`. */
function requireOne(named: string | undefined, { where, from, to }: InspectOptions): void {
  if (named === undefined && where === undefined) {
    throw new ArchiveError('USAGE', 'say which recording is meant', { hint: 'an id, a key, or --where "…"' });
  }
  if (where !== undefined && (named !== undefined || from !== undefined || to !== undefined))
    throw new ArchiveError('USAGE', '--where chooses the recording, and so do an id, --from and --to');
}

/** @throws `USAGE` when several recordings are described. */
async function onlyWhere(
  context: CommandContext,
  config: Parameters<typeof keysWhere>[1],
  where: string,
  budget: Budget,
): Promise<string> {
  const [key = '', ...others] = await keysWhere(context, config, where, budget);
  if (others.length === 0) return key;
  throw new ArchiveError('USAGE', `--where describes ${others.length + 1} recordings: inspect shows one`, {
    hint: 'name one by its key, as `genesys-archive find --json` shows it',
  });
}

const HOW_ELSE =
  'To read it without this program, with a client of AWS or a copy of the object (here object.enc); docs/format.md, section 10:';

function readingElsewhere({ key }: ObjectStat, { wrapping, iv }: Inspection, location: string): Snippet[] {
  if (wrapping === undefined) {
    return iv === undefined ? [] : [opensslSnippet({ format: STATIC_GCM, iv: Buffer.from(iv, 'base64') })];
  }
  const [, bucket = 'BUCKET', prefix = ''] = /^s3:\/\/([^/]+)(?:\/(.+))?$/.exec(location) ?? [];
  const { format, placement, wrap, context = {} } = wrapping;
  // a writer of metadata must not write code that a reader copies
  const isPlain = (text: string) => /^[A-Za-z0-9._:/@=+-]*$/.test(text);
  const { edk } = wrapping.encryption;
  const bound = bindsStoredContext(edk) ? Object.entries(edk.description) : [];
  if (![key, ...bound.flat()].every(isPlain)) return [];
  const named = prefix === '' ? key : `${prefix}/${key}`;
  const object: ForeignReading = { bucket, key: named, format, placement, wrap, context };
  return [...clientSnippets(object), opensslSnippet(wrapping.encryption)];
}

const indent = (code: string) => code.replace(/^/gm, '  ');

function describeObject(
  stat: ObjectStat,
  { format, iv, wrapping }: Inspection,
  store: string,
  layout: Layout,
) {
  const { key, size, checksum, etag, versionId, lastModified } = stat;
  const named = layout.parse(key);
  const { recordingId, channel } = named ?? identifyKey(key) ?? {};
  const of = keyRecordOf(stat);
  return {
    key,
    store,
    recordingId,
    channel,
    date: named?.date,
    format,
    size,
    plaintextSize: format === 'unknown' || size < TAG_BYTES ? undefined : size - TAG_BYTES,
    iv,
    placement: wrapping?.placement,
    keyRecord: FIRST_WRAP in stat.metadata && of !== undefined ? keyRecordKey(of) : undefined,
    wrap: wrapping?.wrap,
    keyId: wrapping?.keyId,
    context: wrapping?.context,
    commitment: wrapping?.commitment,
    sha256: checksum?.sha256,
    sha256Of:
      checksum === undefined ? undefined : checksum.type === 'full' ? 'object' : 'digests of its parts',
    etag,
    versionId,
    storedAt: new Date(lastModified).toISOString(),
    note: noteOn(stat.metadata),
  };
}

function noteOn(metadata: ObjectStat['metadata']): string | undefined {
  try {
    return describeRenamed(canonicalMetadata(metadata).renamed);
  } catch {
    // two spellings that disagree are the problem that is shown
    return undefined;
  }
}
