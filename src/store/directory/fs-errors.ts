import { ArchiveError, describeForeign, type ErrorCode } from '../../errors.ts';
import { present } from '../../present.ts';

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
  ENOTDIR: 'STORE_MISSING',
  EISDIR: 'STORE_DENIED',
  ENAMETOOLONG: 'KEY_INVALID',
};

/** The refusals that an operator must act on, in words. */
const WORDS: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full',
  EDQUOT: 'the quota is used up',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EROFS: 'the file system is read-only',
};

const LOOK_AT_RIGHTS =
  'look at the owner and mode of the file and of the directories above it (ls -ld), and at the user this runs as';
const HINTS: Readonly<Record<string, string>> = {
  EACCES: LOOK_AT_RIGHTS,
  EPERM: LOOK_AT_RIGHTS,
  EROFS: 'mount the file system for writing, or keep the archive on another one',
};

/**
 * The file system's refusal as one of ours, with the file it is about; ours unchanged. Everything not named above may pass (EIO,
 * EMFILE, ESTALE …).
 */
export function directoryError(error: unknown, doing: string, key?: string): ArchiveError {
  if (error instanceof ArchiveError) return error;
  const system = systemCode(error) ?? '';
  const code = CODES[system] ?? 'STORE_UNAVAILABLE';
  const words = WORDS[system];
  const why = words === undefined ? describeForeign(error) : `${words} (${system})`;
  const path = pathOf(error);
  const hint = HINTS[system];
  return new ArchiveError(code, `${doing} failed: ${why}${path === undefined ? '' : `: ${path}`}`, {
    details: { key, path },
    ...present({ hint }),
  });
}

/** What a failed file operation was about. */
function pathOf(error: unknown): string | undefined {
  const path: unknown = error instanceof Error ? (error as { path?: unknown }).path : undefined;
  return typeof path === 'string' ? printablePath(path) : undefined;
}

/** For messages: a name in a shared directory may hold anything. */
export function printablePath(path: string): string {
  return path.replaceAll(/[^\P{C}]/gu, '?').slice(0, 500);
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
