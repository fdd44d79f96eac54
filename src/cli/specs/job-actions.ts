/** What `jobs` does. */
export const JOB_ACTIONS = [
  'list',
  'show',
  'watch',
  'pause',
  'resume',
  'cancel',
  'failed',
  'retry',
  'run',
] as const;
