/**
 * Where the published API lets the reference to a stored recording be written: the values of `ARCHIVE_WRITE_BACK` but `interaction`,
 * which is of the tutorial's API.
 */
export const WRITE_BACKS = [
  'annotation',
  'custom-attributes',
  'external-tag',
  'participant-attributes',
  'none',
] as const;
export type WriteBack = (typeof WRITE_BACKS)[number];
