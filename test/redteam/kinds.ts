import type { Kind } from './attack.ts';
import { adoption } from './attacks/adoption.ts';
import { configuration } from './attacks/configuration.ts';
import { deployment } from './attacks/deployment.ts';
import { events } from './attacks/events.ts';
import { exchangedObjects } from './attacks/exchanged-objects.ts';
import { forgedReceipts } from './attacks/forged-receipts.ts';
import { formats } from './attacks/formats.ts';
import { hiddenDeletions } from './attacks/hidden-deletions.ts';
import { keyRecords } from './attacks/key-records.ts';
import { keptCopies } from './attacks/kept-copies.ts';
import { localFiles } from './attacks/local-files.ts';
import { network } from './attacks/network.ts';
import { successors } from './attacks/successors.ts';
import { terminalOutput } from './attacks/terminal-output.ts';
import { wraps } from './attacks/wraps.ts';

export const KINDS: readonly Kind[] = [
  exchangedObjects,
  forgedReceipts,
  adoption,
  successors,
  hiddenDeletions,
  wraps,
  keyRecords,
  keptCopies,
  formats,
  configuration,
  localFiles,
  network,
  deployment,
  events,
  terminalOutput,
];
