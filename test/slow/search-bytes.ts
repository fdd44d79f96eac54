import { gunzipSync } from 'node:zlib';
import { unlimited } from '../../src/clock.ts';
import type { EnvelopeReader, ObjectStat } from '../../src/ports.ts';

/** The bytes of an object, and what sealed and compressed ones are when they are opened. */
export async function openAll(
  reader: EnvelopeReader | undefined,
  stat: ObjectStat,
  body: Buffer,
): Promise<readonly Buffer[]> {
  const pieces = [body];
  if (stat.metadata['encryption'] !== undefined || 'iv' in stat.metadata) {
    const unsealer = await reader?.unseal(stat, { budget: unlimited });
    if (unsealer !== undefined) pieces.push(Buffer.concat([unsealer.update(body), unsealer.final()]));
  }
  return [...pieces, ...pieces.flatMap(membersOf)];
}

/** Every gzip member in a file, uncompressed. */
function membersOf(bytes: Buffer): Buffer[] {
  const found: Buffer[] = [];
  for (let at = bytes.indexOf('1f8b08', 0, 'hex'); at !== -1; at = bytes.indexOf('1f8b08', at + 1, 'hex')) {
    try {
      found.push(gunzipSync(bytes.subarray(at), { finishFlush: 2 }));
    } catch {
      // three bytes that look like the beginning of one
    }
  }
  return found;
}
