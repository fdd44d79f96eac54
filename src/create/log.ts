/** Opens the log for those who read it, with the public keys that the settings name. */
import type { StoreConfig } from '../config/config.ts';
import { ArchiveError } from '../errors.ts';
import type { ObjectStore } from '../ports.ts';
import { drillKeyName } from '../proof/drill/drill-report.ts';
import { logKeys } from '../proof/formats/log-keys.ts';
import { COSIGNATURE_TYPE, type NoteKey, parseVkey } from '../proof/formats/note.ts';
import type { LogPlace } from '../proof/log/place.ts';

/**
 * Opens the log for reading.
 *
 * @throws `CONFIG_INVALID` when the organization or the name of the log is missing, or a public key is none.
 */
export function openLog(
  { organizationId, proof }: Pick<StoreConfig, 'organizationId' | 'proof'>,
  store: ObjectStore,
): LogPlace {
  const missing = [
    ...(organizationId === undefined ? ['GENESYS_ORGANIZATION_ID'] : []),
    ...(proof.origin === undefined ? ['ARCHIVE_PROOF_ORIGIN'] : []),
  ];
  if (organizationId === undefined || proof.origin === undefined) {
    throw new ArchiveError('CONFIG_INVALID', `the log needs ${missing.join(' and ')}`, {
      hint: 'docs/proof.md, "Begin", says what a log needs',
    });
  }
  const { origin } = proof;
  const named = (name: string) => readVkeys(origin, proof.vkeys).filter((key) => key.name === name);
  return {
    store,
    keys: logKeys(organizationId),
    organization: organizationId,
    origin,
    trusted: named(origin),
    witnesses: proof.witnesses.map(({ vkey }) => readWitnessKey(vkey)),
  };
}

/** Reads the public keys of those who drill. @throws `CONFIG_INVALID` */
export function drillKeys({ proof }: Pick<StoreConfig, 'proof'>): readonly NoteKey[] {
  const { origin = '', vkeys } = proof;
  return readVkeys(origin, vkeys).filter(({ name }) => name === drillKeyName(origin));
}

/** Reads the public key of a witness. @throws `CONFIG_INVALID` */
export function readWitnessKey(vkey: string): NoteKey {
  const key = parseVkey(vkey);
  if (key?.type === COSIGNATURE_TYPE) return key;
  const name = vkey.slice(0, vkey.indexOf('+'));
  throw new ArchiveError(
    'CONFIG_INVALID',
    `ARCHIVE_PROOF_WITNESSES: the key of ${name} is no Ed25519 key of a witness (type 0x04)`,
    { hint: 'take the key from the owner of the witness: docs/proof.md, "Witnesses"' },
  );
}

function readVkeys(origin: string, vkeys: readonly string[]): readonly NoteKey[] {
  return vkeys.map((vkey, at) => {
    const key = parseVkey(vkey);
    if (key?.name === origin || key?.name === drillKeyName(origin)) return key;
    throw new ArchiveError(
      'CONFIG_INVALID',
      `key ${at + 1} of ARCHIVE_PROOF_VKEYS is no public key of ${origin}`,
    );
  });
}

/** Joins two lists of keys, each key once. */
export function mergeKeys(one: readonly NoteKey[], other: readonly NoteKey[]): readonly NoteKey[] {
  return [...new Map([...one, ...other].map((key) => [key.vkey, key])).values()];
}
