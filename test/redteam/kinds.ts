import type { Kind } from './attack.ts';
import { adoption } from './attacks/adoption.ts';
import { exchangedObjects } from './attacks/exchanged-objects.ts';
import { forgedReceipts } from './attacks/forged-receipts.ts';
import { formats } from './attacks/formats.ts';
import { hiddenDeletions } from './attacks/hidden-deletions.ts';
import { wraps } from './attacks/wraps.ts';

export const KINDS: readonly Kind[] = [
  exchangedObjects,
  forgedReceipts,
  adoption,
  hiddenDeletions,
  wraps,
  formats,
];
