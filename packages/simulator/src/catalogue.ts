import { createHash, hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { lstat, open, readdir, realpath, stat } from 'node:fs/promises';
import { extname, join, sep } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { SimulatorError, describeCause } from './simulator-error.ts';
import { seededRandom } from './faults.ts';
import { synthesiseWav } from './speech.ts';
import { frameBytes, wavDurationMs, wavHeaderBytes, type RiffLength, type WavEncoding } from './wav.ts';

/** A synthetic recording. What is left out is chosen by the simulator's seed. */
export interface RecordingSpec {
  readonly id?: string;
  readonly interactionId?: string;
  readonly encoding?: WavEncoding;
  readonly channels?: 1 | 2;
  /** Hz; default 8000. */
  readonly sampleRate?: number;
  readonly seconds?: number;
  /** Approximate size of the file (at most this, to the last whole frame); instead of `seconds`. */
  readonly bytes?: number;
  readonly status?: RecordingStatus;
  /** Epoch ms. */
  readonly startedAt?: number;
  readonly riffLength?: RiffLength;
}

export type RecordingStatus = 'complete' | 'processing';

export interface SimulatedRecording {
  readonly id: string;
  readonly interactionId: string;
  /** Bytes of the file. */
  readonly bytes: number;
  readonly contentType: string;
  /** Epoch ms. */
  readonly startedAt: number;
  /** Milliseconds of sound, where known. */
  readonly durationMs: number | undefined;
  /** Of the file in the folder, where it came from one. */
  readonly fileName: string | undefined;
  readonly status: RecordingStatus;
  /** Strong entity tag of the current version, with its quotes. */
  readonly etag: string;
  /** Lower-case hex digest of the whole file as it is now, computed by streaming it. */
  sha256(): Promise<string>;
  /** The bytes from `first` to `last`, inclusive. Chunks may be views of shared memory: read only. */
  read(first: number, last: number): Iterable<Uint8Array> | AsyncIterable<Uint8Array>;
}

/** What only the simulator may change. */
export interface CataloguedRecording extends SimulatedRecording {
  status: RecordingStatus;
  /** From now on the file is another one of the same length: new entity tag, other bytes where they are synthetic. */
  changeVersion(): void;
}

/** A UUID (version 8, RFC 9562 section 5.8: meaning ours) that depends on `text` only. */
export function stableUuid(text: string): string {
  const hex = hash('sha256', text, 'hex');
  const variant = ((Number.parseInt(hex.charAt(16), 16) & 0x3) | 0x8).toString(16);
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `8${hex.slice(13, 16)}`,
    `${variant}${hex.slice(17, 20)}`,
    hex.slice(20, 32),
  ].join('-');
}

/** @throws SimulatorError when the specification makes no sense; the message names the field. */
export function synthesiseRecording(
  spec: RecordingSpec,
  seed: number,
  index: number,
  now: number,
): CataloguedRecording {
  const random = seededRandom(seed * 65_537 + index);
  const encoding = spec.encoding ?? (random() < 0.5 ? 'pcm16' : 'mulaw');
  const channels = spec.channels ?? (random() < 0.5 ? 1 : 2);
  const sampleRate = spec.sampleRate ?? 8000;
  const seconds = spec.seconds ?? 3 + Math.floor(random() * 38);
  const format = { encoding, channels, sampleRate };
  if (!Number.isInteger(sampleRate) || sampleRate < 1000 || sampleRate > 192_000)
    throw new SimulatorError('recording: sampleRate must be a whole number from 1000 to 192000');
  const frames =
    spec.bytes === undefined
      ? Math.round(seconds * sampleRate)
      : Math.floor((spec.bytes - wavHeaderBytes(encoding)) / frameBytes(format));
  if (!Number.isSafeInteger(frames) || frames < 0)
    throw new SimulatorError('recording: seconds or bytes must be a number that leaves room for sound');

  const id = spec.id ?? stableUuid(`${seed}/recording/${index}`);
  const sound = (version: number) =>
    synthesiseWav(`${seed}/${id}/${version}`, format, frames, spec.riffLength ?? 'exact');
  let version = 0;
  let wav = sound(version);
  return catalogue({
    id,
    interactionId: spec.interactionId ?? stableUuid(`${seed}/interaction/${index}`),
    bytes: wav.bytes,
    contentType: 'audio/wav',
    startedAt: spec.startedAt ?? now - (index + 1) * 420_000,
    durationMs: Math.round((frames / sampleRate) * 1000),
    fileName: undefined,
    status: spec.status ?? 'complete',
    read: (first, last) => wav.read(first, last),
    onChange: () => {
      version += 1;
      wav = sound(version);
    },
  });
}

/** Types of the containers Genesys Cloud exports; anything else is served as bytes. */
const CONTENT_TYPES: Readonly<Record<string, string>> = {
  '.wav': 'audio/wav',
  '.webm': 'audio/webm',
  '.ogg': 'audio/ogg',
  '.opus': 'audio/ogg',
  '.mp3': 'audio/mpeg',
};
/** Bytes read from a file's start to learn how long it plays. */
const HEAD_BYTES = 4096;

/** What of a folder is not served, and why. */
export interface SkippedFile {
  readonly name: string;
  /** Continues the sentence "NAME …". */
  readonly reason: string;
}

export interface MediaFolder {
  readonly recordings: readonly CataloguedRecording[];
  readonly skipped: readonly SkippedFile[];
}

/**
 * Every visible file of a folder (not of its subfolders) as a recording; ids depend on the file's name only. A link out of the folder
 * is not followed: what the user has shown is the folder.
 * @throws SimulatorError when the folder cannot be read.
 */
export async function readMediaFolder(dir: string): Promise<MediaFolder> {
  let names: string[];
  let root: string;
  try {
    names = (await readdir(dir)).sort();
    root = await realpath(dir);
  } catch (error) {
    throw new SimulatorError(`the media folder ${dir} cannot be read: ${describeCause(error)}`);
  }
  const recordings: CataloguedRecording[] = [];
  const skipped: SkippedFile[] = [];
  for (const name of names) {
    const reason = await whySkipped(root, name);
    if (reason !== undefined) {
      skipped.push({ name, reason });
      continue;
    }
    try {
      recordings.push(await readMediaFile(join(root, name), name));
    } catch (error) {
      skipped.push({ name, reason: `cannot be read: ${describeCause(error)}` });
    }
  }
  return { recordings, skipped };
}

async function whySkipped(root: string, name: string): Promise<string | undefined> {
  if (name.startsWith('.')) return 'is hidden';
  const path = join(root, name);
  try {
    const own = await lstat(path);
    if (own.isDirectory()) return 'is a folder';
    if (!own.isSymbolicLink()) return own.isFile() ? undefined : 'is not a regular file';
    const target = await realpath(path);
    if (!target.startsWith(`${root}${sep}`)) return 'is a link out of the folder';
    const facts = await stat(target);
    return facts.isFile() ? undefined : facts.isDirectory() ? 'is a folder' : 'is not a regular file';
  } catch (error) {
    return `cannot be read: ${describeCause(error)}`;
  }
}

async function readMediaFile(path: string, name: string): Promise<CataloguedRecording> {
  const file = await open(path);
  const head = Buffer.alloc(HEAD_BYTES);
  let headBytes: number;
  let facts: Awaited<ReturnType<typeof file.stat>>;
  try {
    facts = await file.stat();
    ({ bytesRead: headBytes } = await file.read(head, 0, HEAD_BYTES, 0));
  } finally {
    await file.close();
  }
  return catalogue({
    id: stableUuid(`file/${name}`),
    interactionId: stableUuid(`file-interaction/${name}`),
    bytes: facts.size,
    contentType: CONTENT_TYPES[extname(name).toLowerCase()] ?? 'application/octet-stream',
    startedAt: Math.floor(facts.mtimeMs),
    durationMs: wavDurationMs(head.subarray(0, headBytes), facts.size),
    fileName: name,
    status: 'complete',
    read: (first, last) => (last < first ? [] : createReadStream(path, { start: first, end: last })),
    onChange: () => {},
  });
}

/** Synthetic bytes never wait for a disk: without a pause, a large digest would keep the servers from answering. */
const BREATH_BYTES = 4 * 1024 * 1024;

type Parts = Omit<CataloguedRecording, 'etag' | 'sha256' | 'changeVersion'> & {
  readonly onChange: () => void;
};

/** A file from its parts. */
export function catalogue(parts: Parts): CataloguedRecording {
  const { onChange, ...facts } = parts;
  let version = 0;
  return {
    ...facts,
    get etag() {
      const identity = `${facts.id}/${facts.bytes}/${facts.startedAt}/${version}`;
      return `"${createHash('sha256').update(identity).digest('hex').slice(0, 32)}"`;
    },
    async sha256() {
      const hash = createHash('sha256');
      let sinceBreath = 0;
      for await (const chunk of facts.read(0, facts.bytes - 1)) {
        hash.update(chunk);
        sinceBreath += chunk.length;
        if (sinceBreath < BREATH_BYTES) continue;
        sinceBreath = 0;
        await setImmediate();
      }
      return hash.digest('hex');
    },
    changeVersion() {
      version += 1;
      onChange();
    },
  };
}
