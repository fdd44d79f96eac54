/** Where everything stands that is kept of one recording, besides its receipts: what an erasure removes. Pure. */
import { canonicalId, isSameId } from '../recording/id.ts';
import { SIDECAR_SUFFIX } from './genesys-export.ts';
import { INSTRUCTION_SUFFIX } from './instruction-file.ts';
import { identifyKey } from './layout.ts';
import { KEY_PREFIX, keyRecordFolder } from './key-record.ts';
import { claimKey, MEDIA_PREFIX } from './object-key.ts';
import { bothPlaces, QUARANTINE_PREFIX } from './quarantine/key.ts';
import { splitVersion } from './versions.ts';

/** As tombstones name it (`Erasure.what`); `mark`: of a link, or a claim. */
export type PartKind = 'media' | 'context' | 'transcript' | 'key' | 'peaks' | 'mark';

export interface PartPrefix {
  readonly kind: PartKind;
  readonly prefix: string;
}

/** Prefixes of what is kept beside a recording, under the name that its object has without root and ending. */
const BESIDE: readonly (readonly [kind: PartKind, folder: string])[] = [
  ['context', 'context/'],
  ['transcript', 'transcripts/'],
  ['peaks', 'peaks/'],
  ['mark', 'links/'],
];

/**
 * What the keys of all parts begin with, in quarantine and out of it: a recording may be released while it is looked at. A part of another recording may begin alike: {@link isPartOf} tells.
 *
 * @param keys of its objects, of any version.
 */
export function prefixesOfParts(recordingId: string, keys: readonly string[]): readonly PartPrefix[] {
  const found = new Map<string, PartKind>();
  for (const key of keys.flatMap(bothPlaces)) {
    const stem = stemOf(splitVersion(key).base);
    found.set(stem, 'media');
    const name = stem.startsWith(MEDIA_PREFIX) ? stem.slice(MEDIA_PREFIX.length) : stem;
    for (const [kind, folder] of BESIDE) found.set(folder + name, kind);
    found.set(`${KEY_PREFIX}${name}`, 'key');
    found.set(keyRecordFolder(key), 'key');
  }
  for (const id of new Set([recordingId, canonicalId(recordingId)])) found.set(claimKey(id), 'mark');
  return [...found].map(([prefix, kind]) => ({ prefix, kind }));
}

/** What the keys of everything begin with that is kept of recordings of one day, besides receipts. @param media of their objects. */
export function prefixesOfDay(media: string, day: string): readonly string[] {
  const name = media.startsWith(MEDIA_PREFIX) ? media.slice(MEDIA_PREFIX.length) : media;
  const inQuarantine = QUARANTINE_PREFIX + media;
  const keys = new Set([
    `${KEY_PREFIX}${name}`,
    `${KEY_PREFIX}${day.replaceAll('-', '/')}/`,
    KEY_PREFIX + inQuarantine,
  ]);
  const beside = BESIDE.flatMap(([, folder]) => [folder + name, folder + inQuarantine]);
  return [media, inQuarantine, ...beside, ...keys];
}

/** The recording that a part is of; `undefined` for keys of no part. */
export function recordingOfPart(key: string): string | undefined {
  const beside = BESIDE.find(([, prefix]) => key.startsWith(prefix))?.[1];
  if (beside !== undefined) {
    const name = key.slice(key.lastIndexOf('/') + 1);
    return name.slice(0, name.indexOf('.')).replaceAll('=2E', '.');
  }
  if (!key.startsWith(KEY_PREFIX)) return identifyKey(bareKey(key))?.recordingId;
  const folder = key.split('/').at(-2) ?? '';
  return folder.split('.')[0]?.replaceAll('=2E', '.');
}

/** Without what stands behind the key of an object in the name of what is beside it. */
function bareKey(key: string): string {
  return [INSTRUCTION_SUFFIX, SIDECAR_SUFFIX].reduce(
    (name, suffix) => (name.endsWith(suffix) ? name.slice(0, -suffix.length) : name),
    key,
  );
}

/** Up to the dot behind the id in the file's name. */
function stemOf(base: string): string {
  const name = base.lastIndexOf('/') + 1;
  const dot = base.indexOf('.', name);
  return dot < 0 ? base : base.slice(0, dot + 1);
}

/** Reports whether the object under a key that begins with a prefix of {@link prefixesOfParts} is of that recording. */
export function isPartOf(recordingId: string, { kind, prefix }: PartPrefix, key: string): boolean {
  if (kind !== 'media') return key.startsWith(prefix);
  return isSameId(identifyKey(bareKey(key))?.recordingId ?? '', recordingId);
}
