import { findRecording } from '../../archive/find-recording.ts';
import { parseObjectKey } from '../../archive/object-key.ts';
import { openConfiguredStore } from '../../create-archiver.ts';
import { detectFormat, needsInstruction } from '../../envelope/detect.ts';
import { parseStaticMetadata, STATIC_GCM } from '../../envelope/static-gcm.ts';
import { ArchiveError, toArchiveError } from '../../errors.ts';
import type { ObjectStat } from '../../ports.ts';
import { type CommandContext, openBudget, readRange, readSettings } from '../_context.ts';
import { printable } from '../_format.ts';

interface InspectOptions {
  readonly from?: string;
  readonly to?: string;
}

/** Bytes; GCM's tag stands at the end of every object, in every format. */
const TAG_BYTES = 16;

interface Inspection {
  readonly format: string;
  /** Base64, where the format keeps one per object in the metadata. */
  readonly iv: string | undefined;
  readonly problem: ArchiveError | undefined;
}

/** Shows what an object says of itself, without a key. An object of no known format is shown too, and ends with exit code 5. */
export async function run(
  context: CommandContext,
  [idOrKey = '']: readonly string[],
  options: InspectOptions,
): Promise<number> {
  const { ui, clock, logger } = context;
  const range = readRange(options);
  const config = await readSettings(context, 'store');
  const store = await openConfiguredStore(config, { clock, logger });
  const { budget, end } = openBudget(context);
  let stat: ObjectStat | undefined;
  try {
    stat = await store.head(await findRecording(store, idOrKey, range, budget), budget);
  } finally {
    end();
  }
  if (stat === undefined)
    throw new ArchiveError('OBJECT_NOT_FOUND', `no object ${printable(idOrKey)} in ${store.location}`);
  const inspection = inspectMetadata(stat);
  const facts = describe(stat, inspection, store.location);
  if (ui.json) ui.record('object', { ...facts, metadata: stat.metadata, problem: inspection.problem?.code });
  else {
    for (const [name, value] of Object.entries(facts)) {
      if (value !== undefined) ui.out(`${name.padEnd(14)}  ${printable(String(value))}`);
    }
    ui.out('metadata');
    for (const [name, value] of Object.entries(stat.metadata))
      ui.out(`  ${printable(name)}: ${printable(value)}`);
    if (inspection.iv !== undefined) for (const line of decryptionRecipe(inspection.iv)) ui.out(line);
  }
  if (inspection.problem !== undefined) throw inspection.problem;
  return 0;
}

function inspectMetadata({ metadata, size }: ObjectStat): Inspection {
  try {
    if (needsInstruction(metadata) && Object.keys(metadata).some((name) => name.startsWith('x-amz-'))) {
      return { format: 's3ec, its data key in an instruction file', iv: undefined, problem: undefined };
    }
    const { format } = detectFormat(metadata);
    const iv = format === STATIC_GCM ? parseStaticMetadata(metadata).toString('base64') : undefined;
    const problem =
      size < TAG_BYTES
        ? new ArchiveError('OBJECT_MALFORMED', 'the object is shorter than its tag')
        : undefined;
    return { format, iv, problem };
  } catch (error) {
    return { format: 'unknown', iv: undefined, problem: toArchiveError(error) };
  }
}

function describe(stat: ObjectStat, { format, iv }: Inspection, store: string) {
  const { key, size, checksum, etag, versionId, contentType, lastModified } = stat;
  const named = parseObjectKey(key);
  return {
    key,
    store,
    recordingId: named?.recordingId,
    channel: named?.channel,
    date: named?.date,
    format,
    size,
    plaintextSize: format === 'unknown' || size < TAG_BYTES ? undefined : size - TAG_BYTES,
    iv,
    sha256: checksum === undefined ? undefined : checksum.sha256,
    sha256Of:
      checksum === undefined ? undefined : checksum.type === 'full' ? 'object' : 'digests of its parts',
    etag,
    versionId,
    contentType,
    storedAt: new Date(lastModified).toISOString(),
  };
}

/** The whole object is read at once: a recipe to be understood at a glance, not a tool. `openssl enc` knows no GCM. */
function decryptionRecipe(iv: string): string[] {
  return [
    '',
    'To decrypt a copy of the object (here object.enc) without this program; the last 16 bytes are the tag:',
    '',
    '  # Node.js: ENCRYPTION_KEY_HEX=… node decrypt.mjs',
    "  import { createDecipheriv } from 'node:crypto';",
    "  import { readFileSync, writeFileSync } from 'node:fs';",
    "  const object = readFileSync('object.enc');",
    "  const key = Buffer.from(process.env.ENCRYPTION_KEY_HEX, 'hex');",
    `  const decipher = createDecipheriv('aes-256-gcm', key, Buffer.from('${iv}', 'base64'));`,
    '  decipher.setAuthTag(object.subarray(-16));',
    '  const plaintext = Buffer.concat([decipher.update(object.subarray(0, -16)), decipher.final()]);',
    "  writeFileSync('recording.wav', plaintext);",
    '',
    '  # Python: pip install cryptography; ENCRYPTION_KEY_HEX=… python3 decrypt.py',
    '  import base64, os',
    '  from cryptography.hazmat.primitives.ciphers.aead import AESGCM',
    "  key = bytes.fromhex(os.environ['ENCRYPTION_KEY_HEX'])",
    `  plaintext = AESGCM(key).decrypt(base64.b64decode('${iv}'), open('object.enc', 'rb').read(), None)`,
    "  open('recording.wav', 'wb').write(plaintext)",
  ];
}
