import * as z from 'zod';
import { type Verification, verifyAgainstReceipt } from '../audit/verify-recording.ts';
import { ALLOWABLE_KINDS, VERIFY_DEPTHS } from '../audit/verify-recording.ts';
import { createReader, openConfiguredStore, readTrust } from '../create/archiver.ts';
import { unlimited } from '../clock.ts';
import { readErasedHashes } from '../record/find-erasure.ts';
import type { Outcome } from '../jobs/kind.ts';
import { createExpiredObjects } from '../keep/retention/removal-notes.ts';
import { readOptions, requireSameArchive } from './job-options.ts';
import type { JobKindSource } from './kind-source.ts';
import { recordingsKind } from './recordings-kind.ts';

export const VERIFY_JOB = 'verify';

const optionsSchema = z.object({
  store: z.string(),
  layout: z.string(),
  depth: z.enum(VERIFY_DEPTHS),
  allow: z.array(z.enum(ALLOWABLE_KINDS)),
});
/** The options of a job that verifies. */
export type VerifyJobOptions = z.infer<typeof optionsSchema>;

/** Compares recordings with their receipts. What is found lists the recording as failed, with the code of the finding. */
export const verifyJobs: JobKindSource = {
  name: VERIFY_JOB,
  open: async (tools) =>
    recordingsKind({
      name: VERIFY_JOB,
      sleep: (ms, signal) => tools.clock.sleep(ms, signal),
      open: async (given) => {
        const { depth, allow, ...archive } = readOptions(optionsSchema, given);
        const full = depth === 'full' ? await tools.settings('restore') : undefined;
        const config = full ?? (await tools.settings('store'));
        const store = await openConfiguredStore(config, tools);
        const trust = await readTrust(config);
        requireSameArchive(archive, { store, layout: config.layout });
        const reader = full && (await createReader(full, tools));
        const erased = await readErasedHashes(store, unlimited);
        const expired = createExpiredObjects({ store, keys: trust.keys ?? new Map(), clock: tools.clock });
        const ports = { store, ...trust, reader, erased, expired, allow: new Set(allow) };
        return {
          one: async (key, budget) =>
            outcomeOfVerification(await verifyAgainstReceipt(ports, key, depth, budget)),
        };
      },
    }),
};

/** Of one recording; its damaged leaves are one each. */
const MAX_FINDINGS = 100;

/** Of several findings the one that says what happened rather than what differs: a wrong key is the commonest of all. */
export function outcomeOfVerification({
  findings,
  bytes,
  depth,
  digests,
}: Verification): Omit<Outcome, 'index'> {
  const told = findings.find(({ kind }) => kind === 'decrypt-failed') ?? findings[0];
  const read = digests?.plaintext?.bytes ?? (depth === 'head' ? 0 : bytes);
  if (told === undefined) return { state: 'done', bytes: read };
  const more = findings.length > 1 ? ` (and ${findings.length - 1} more)` : '';
  const reason = `${told.kind}: ${told.message}${more}`;
  const details = { findings: findings.slice(0, MAX_FINDINGS) };
  return { state: 'failed', bytes: read, code: told.code, reason, retryable: false, details };
}
