import type { RecordingRow } from '../api-types.ts';

/** One file of a recording. */
export const keyOf = ({ id, channel = '' }: RecordingRow): string => `${id}/${channel}`;
