/** A decrypted recording in a package. It is hashed against its receipt before the package is committed. */
import type { Budget } from '../../clock.ts';
import type { EnvelopeReader, ObjectStore } from '../../ports.ts';
import type { CheckedObject } from '../../audit/open-checked.ts';
import { decryptChecked } from '../../audit/read-recording.ts';
import type { PackageFile } from './package-file.ts';

/** Of what contact centres record; anything else is `bin`. */
const EXTENSIONS: Readonly<Record<string, string>> = {
  'audio/wav': 'wav',
  'audio/x-wav': 'wav',
  'audio/wave': 'wav',
  'audio/mpeg': 'mp3',
  'audio/mp3': 'mp3',
  'audio/ogg': 'ogg',
  'audio/opus': 'opus',
  'audio/webm': 'webm',
  'video/webm': 'webm',
  'video/mp4': 'mp4',
  'application/zip': 'zip',
  'message/rfc822': 'eml',
  'application/json': 'json',
};

export function decryptForPackage(
  ports: { readonly store: ObjectStore; readonly reader: EnvelopeReader },
  opened: CheckedObject,
  name: string,
  budget: Budget,
): PackageFile {
  return {
    name: `media/${name}.${extensionOf(opened)}`,
    // its last step throws unless the tag verifies and the plaintext is the one that the receipt states
    body: decryptChecked(ports, opened, budget),
  };
}

/** By what the media host stated of it. */
export function extensionOf(opened: Pick<CheckedObject, 'stat' | 'receipt'>): string {
  return extensionFor(opened.receipt?.source?.contentType) ?? extensionFor(opened.stat.contentType) ?? 'bin';
}

function extensionFor(type: string | undefined): string | undefined {
  return type === undefined ? undefined : EXTENSIONS[type.replace(/;.*/s, '').trim().toLowerCase()];
}
