/** Ids of the benchmark's recordings: UUIDs whose last group is the length in bytes, so that the source need remember nothing. */
export function recordingId(sequence: number, bytes: number): string {
  return `${hex(sequence, 8)}-0000-4000-8000-${hex(bytes, 12)}`;
}

/** Bytes; `undefined` for what is no such id. */
export function bytesOfRecording(id: string): number | undefined {
  const match = /^[0-9a-f]{8}-0000-4000-8000-([0-9a-f]{12})$/.exec(id);
  return match === null ? undefined : Number.parseInt(match[1] ?? '', 16);
}

export function interactionId(sequence: number): string {
  return `${hex(sequence, 8)}-1111-4111-8111-111111111111`;
}

const hex = (value: number, digits: number) => value.toString(16).padStart(digits, '0');
