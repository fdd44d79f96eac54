import type { RecordingRow } from '../../api-types.ts';

/** One file of a recording. */
export const keyOf = ({ id, channel = '' }: RecordingRow): string => `${channel}/${id}`;

export const idOfKey = (key: string): string => key.slice(key.indexOf('/') + 1);
