import { whyNoObject } from '../../audit/why-missing.ts';
import { FIRST_WRAP } from '../../record/first-wrap.ts';
import { readInstruction } from '../../record/instruction-file.ts';
import { keyRecordKey } from '../../record/key-record.ts';
import { keyRecordOf } from '../../record/key-records.ts';
import { identifyKey, type Layout } from '../../record/layout.ts';
import { type CheckedObject, openChecked } from '../../audit/open-checked.ts';
import { openConfiguredStore, readTrust } from '../../create/archiver.ts';
import { detectFormat, needsInstruction } from '../../envelope/detect.ts';
import { bindsStoredContext, callerContext, type ReadableWrapAlgorithm } from '../../envelope/key-wrap.ts';
import { parseS3ecV2 } from '../../envelope/s3ec-v2.ts';
import { parseS3ecV3, S3EC_V3 } from '../../envelope/s3ec-v3.ts';
import { parseStaticMetadata, STATIC_GCM } from '../../envelope/static-gcm.ts';
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
import { type Encryption, opensslSnippet } from '../inspect/openssl-snippet.ts';

interface InspectOptions {
  readonly unverified?: boolean;
  readonly where?: string;
  readonly objectVersion?: number;
  readonly from?: string;
  readonly to?: string;
}

/** Bytes; GCM's tag stands at the end of every object, in every format. */
const TAG_BYTES = 16;
/** Columns of the longest name of a fact. */
const NAME_WIDTH = 17;

/** How the data key of an object is kept. */
interface Wrapping {
  /** Of the object as AWS's clients read it; `s3ec-v2` also for one of the static key that was adopted. */
  readonly format: 's3ec-v2' | 's3ec-v3';
  readonly placement: 'metadata' | 'instruction';
  readonly wrap: ReadableWrapAlgorithm;
  /** The kid the object names; KMS keeps its key's id within the wrapped data key. */
  readonly keyId: string | undefined;
  readonly context: Readonly<Record<string, string>> | undefined;
  /** Base64; `none` where the format does not commit to its key. */
  readonly commitment: string;
  readonly encryption: Exclude<Encryption, { readonly format: typeof STATIC_GCM }>;
}

interface Inspection {
  readonly format: string;
  readonly wrapping?: Wrapping | undefined;
  /** Base64, where the format keeps one per object in the metadata. */
  readonly iv: string | undefined;
  readonly problem: ArchiveError | undefined;
}

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

/** Read without a key, so neither the wrap nor the commitment is checked here. */
function inspectMetadata(stat: ObjectStat, instruction: string | undefined): Inspection {
  const { metadata, size } = stat;
  try {
    const isSplit = needsInstruction(metadata);
    if (
      isSplit &&
      instruction === undefined &&
      Object.keys(canonicalMetadata(metadata).metadata).some((name) => name.startsWith('x-amz-'))
    ) {
      return {
        format: 's3ec, its data key in an instruction file, which is missing',
        iv: undefined,
        problem: undefined,
      };
    }
    const detected = detectFormat(metadata, isSplit ? instruction : undefined);
    const { format } = detected;
    const iv = format === STATIC_GCM ? parseStaticMetadata(detected.metadata).toString('base64') : undefined;
    const problem =
      size < TAG_BYTES
        ? new ArchiveError('OBJECT_MALFORMED', 'the object is shorter than its tag')
        : undefined;
    const wrapping = problem === undefined ? readWrapping(stat, instruction) : undefined;
    return { format, iv, problem, wrapping };
  } catch (error) {
    return { format: 'unknown', iv: undefined, problem: toArchiveError(error) };
  }
}

/** `undefined` for an object of the static key that was not adopted. @throws `OBJECT_MALFORMED`. */
function readWrapping({ metadata, size }: ObjectStat, instruction: string | undefined): Wrapping | undefined {
  const own = needsInstruction(metadata) ? undefined : detectFormat(metadata);
  const detected = own === undefined || own.format === STATIC_GCM ? detectFormat(metadata, instruction) : own;
  const { format, placement } = detected;
  if (format === STATIC_GCM) return undefined;
  const encryption = readEncryption(format, detected.metadata, size);
  const { wrapAlgorithm: wrap, description } = encryption.edk;
  const isBound = bindsStoredContext(encryption.edk);
  return {
    format,
    placement,
    wrap,
    keyId: isBound ? undefined : description['kid'],
    context: isBound ? callerContext(description) : undefined,
    commitment:
      encryption.format === S3EC_V3 ? Buffer.from(encryption.commitment).toString('base64') : 'none',
    encryption,
  };
}

function readEncryption(format: Wrapping['format'], metadata: ObjectStat['metadata'], size: number) {
  if (format === S3EC_V3) {
    const { messageId, commitment, ...edk } = parseS3ecV3(metadata, size);
    return { format, messageId, commitment, edk } as const;
  }
  const { iv, ...edk } = parseS3ecV2(metadata, size);
  return { format, iv, edk } as const;
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
