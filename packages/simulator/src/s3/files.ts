import { createHash, randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { link, mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import path from 'node:path';

/**
 * The files below a bucket's directory. Bodies have random names and mean nothing until a JSON record names them; records
 * appear atomically (written aside, flushed, then linked or renamed), so that a crash leaves the old state or the new one
 * and at worst a body that no record names.
 */
export interface Segment {
  readonly file: string;
  /** Bytes. */
  readonly size: number;
}

/** Bytes read from disk at a time. */
const READ_SIZE = 256 * 1024;

const hasCode = (error: unknown, code: string) =>
  error instanceof Error && 'code' in error && error.code === code;

/** A rename or link is only durable once its directory is; Windows cannot open directories and needs no such step. */
async function syncDirectory(directory: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Any S3 key as a file name: keys may hold `/`, `..`, NUL and 1,024 bytes. Two digits spread the directory. */
export function recordName(key: string): string {
  const digest = createHash('sha256').update(key).digest('hex');
  return `${digest.slice(0, 2)}/${digest}.json`;
}

/** Streams `chunks` to a new file; what was written is removed when `chunks` throws. */
export async function writeSegment(directory: string, chunks: AsyncIterable<Uint8Array>): Promise<Segment> {
  const file = randomUUID();
  const target = path.join(directory, file);
  const handle = await open(target, 'wx');
  try {
    let size = 0;
    for await (const chunk of chunks) {
      for (let offset = 0; offset < chunk.length; ) {
        const { bytesWritten } = await handle.write(chunk, offset, chunk.length - offset);
        offset += bytesWritten;
      }
      size += chunk.length;
    }
    await handle.sync();
    await handle.close();
    return { file, size };
  } catch (error) {
    await handle.close();
    await rm(target, { force: true });
    throw error;
  }
}

export async function removeSegments(directory: string, segments: readonly Segment[]): Promise<void> {
  await Promise.all(segments.map(({ file }) => rm(path.join(directory, file), { force: true })));
}

/** Bytes `first` to `last` (inclusive) of the segments laid end to end. */
export async function* readSegments(
  directory: string,
  segments: readonly Segment[],
  first: number,
  last: number,
): AsyncGenerator<Uint8Array> {
  let start = 0;
  for (const { file, size } of segments) {
    const [from, to] = [Math.max(first - start, 0), Math.min(last - start, size - 1)];
    start += size;
    if (from > to) continue;
    yield* createReadStream(path.join(directory, file), {
      start: from,
      end: to,
      highWaterMark: READ_SIZE,
    }) as AsyncIterable<Buffer>;
  }
}

/**
 * Makes `record` the content of `target`.
 *
 * @param ifAbsent leaves an existing file alone; of several racing writers exactly one gets `true`.
 * @param mode permission bits; default what the process's umask leaves.
 * @returns whether the record now stands there.
 */
export async function commitRecord(
  target: string,
  record: unknown,
  ifAbsent: boolean,
  mode?: number,
): Promise<boolean> {
  const directory = path.dirname(target);
  await mkdir(directory, { recursive: true });
  const temporary = `${target}.${randomUUID()}.tmp`;
  try {
    const handle = await open(temporary, 'wx', mode);
    try {
      await handle.writeFile(JSON.stringify(record));
      await handle.sync();
    } finally {
      await handle.close();
    }
    if (ifAbsent) await link(temporary, target);
    else await rename(temporary, target);
    await syncDirectory(directory);
    return true;
  } catch (error) {
    if (ifAbsent && hasCode(error, 'EEXIST')) return false;
    throw error;
  } finally {
    await rm(temporary, { force: true });
  }
}

export async function removeRecord(target: string): Promise<void> {
  await rm(target, { force: true });
  await syncDirectory(path.dirname(target));
}

/** All records below `directory`; temporaries that a crash left behind are removed. */
export async function readRecords(directory: string): Promise<unknown[]> {
  await mkdir(directory, { recursive: true });
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const records: unknown[] = [];
  for (const entry of entries) {
    if (!entry.isFile()) continue;
    const file = path.join(entry.parentPath, entry.name);
    if (entry.name.endsWith('.json')) records.push(JSON.parse(await readFile(file, 'utf8')));
    else await rm(file, { force: true });
  }
  return records;
}

/** Removes the bodies that no record names: uploads that a crash interrupted. */
export async function sweepSegments(directory: string, named: ReadonlySet<string>): Promise<void> {
  await mkdir(directory, { recursive: true });
  const files = await readdir(directory);
  await Promise.all(
    files.filter((file) => !named.has(file)).map((file) => rm(path.join(directory, file), { force: true })),
  );
}
