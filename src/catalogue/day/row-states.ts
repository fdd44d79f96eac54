/** What `state` of a row of the catalogue may be. By itself, so that the page's types lead to nothing else. */
export const ROW_STATES = [
  'archived',
  'missing',
  'unreceipted',
  'gone',
  'quarantined',
  'erased',
  'expired',
] as const;
