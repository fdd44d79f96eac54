/** What was looked at, or done to what is kept. In the order in which they were brought. */
export const ACCESS_ACTIONS = [
  'search',
  'reveal',
  'export',
  'read',
  'waveform',
  'verify',
  'listen',
  'listened',
  'hold',
  'release',
  'control',
  'oversee',
  'extend',
  'erase',
  'source-delete',
  'exported',
] as const;
