import { ArchiveError, describeForeign, type ErrorCode } from '../errors.ts';

/** The system code of a failed file operation, e.g. `ENOENT`. */
export function systemCode(error: unknown): string | undefined {
  const code: unknown = error instanceof Error ? (error as { code?: unknown }).code : undefined;
  return typeof code === 'string' ? code : undefined;
}

export function isMissing(error: unknown): boolean {
  const code = systemCode(error);
  // ENOTDIR: a file stands where the key has a directory, so there is nothing below it.
  return code === 'ENOENT' || code === 'ENOTDIR';
}

const CODES: Readonly<Record<string, ErrorCode>> = {
  ENOSPC: 'STORE_FULL',
  EDQUOT: 'STORE_FULL',
  EFBIG: 'STORE_FULL',
  EACCES: 'STORE_DENIED',
  EPERM: 'STORE_DENIED',
  EROFS: 'STORE_DENIED',
  ELOOP: 'STORE_DENIED',
  ENOENT: 'STORE_MISSING',
  ENOTDIR: 'KEY_COLLISION',
  EISDIR: 'KEY_COLLISION',
  ENAMETOOLONG: 'KEY_INVALID',
};

/** The refusals that somebody has to act on, in words. */
const WORDS: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full',
  EDQUOT: 'the quota is used up',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EROFS: 'the file system is read-only',
};

/** The file system's refusal as one of ours; ours unchanged. Everything not named above may pass (EIO, EMFILE, ESTALE …). */
export function directoryError(error: unknown, doing: string, key?: string): ArchiveError {
  if (error instanceof ArchiveError) return error;
  const system = systemCode(error) ?? '';
  const code = CODES[system] ?? 'STORE_UNAVAILABLE';
  const words = WORDS[system];
  const why = words === undefined ? describeForeign(error) : `${words} (${system})`;
  return new ArchiveError(code, `${doing} failed: ${why}`, { details: { key } });
}

/** What link(2) answers on file systems that have no hard links (FAT, exFAT, some network and FUSE mounts). */
const NO_HARD_LINKS: ReadonlySet<string> = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK']);

export function linkError(error: unknown, key: string): ArchiveError {
  if (!NO_HARD_LINKS.has(systemCode(error) ?? '')) return directoryError(error, 'storing', key);
  return new ArchiveError('STORE_DENIED', `storing failed: ${describeForeign(error)}`, {
    hint: 'this file system has no hard links, which keep two writers from replacing each other; keep the archive on another one (ext4, XFS, APFS, NTFS)',
    details: { key },
  });
}
