import { verifyAgainstReceipt } from '../audit/verify-recording.ts';
import type { Budget, Clock } from '../clock.ts';
import { ArchiveError } from '../errors.ts';
import { present } from '../present.ts';
import { readReceipt } from '../record/receipt/read-receipt.ts';
import { receiptKey } from '../record/object-key.ts';
import { type Verification, verification, verificationQuery } from './api-schema.ts';
import type { ConsoleArchive } from './console-archive.ts';
import { jsonAnswer } from './exchange.ts';
import { fileOf, locateRecording } from './locate.ts';
import { route, type Route } from './routes/route.ts';

/**
 * Compares a file with its receipt, now.
 *
 * @throws `CONFIG_INVALID` for the whole depth without a key; `STORE_*`, `KMS_*`.
 */
async function verifyFile(
  { store, trust, reader, catalogue }: ConsoleArchive,
  { key, depth }: { readonly key: string; readonly depth: Verification['depth'] },
  clock: Clock,
  budget: Budget,
): Promise<Verification> {
  if (depth === 'full' && reader === undefined) {
    throw new ArchiveError('CONFIG_INVALID', 'no key is configured that opens recordings', {
      hint: 'compare the ciphertext, which needs no key',
    });
  }
  const begun = clock.now();
  const { expired } = catalogue;
  const ports = { ...trust, store, expired, ...present({ reader: depth === 'full' ? reader : undefined }) };
  const { findings, receipt } = await verifyAgainstReceipt(ports, key, depth, budget);
  const signature =
    receipt === undefined ? undefined : (await readReceipt(store, receiptKey(key), budget))?.signature;
  const isHeldToKeys = (trust.keys?.size ?? 0) > 0;
  const isSigned = signature !== undefined && isHeldToKeys;
  return {
    verdict: findings.length > 0 ? 'findings' : isSigned ? 'verified' : 'unsigned',
    findings: findings.map(({ kind, message, leaf }) => ({
      kind,
      detail: leaf === undefined ? message : `${message} (leaf ${leaf})`,
    })),
    depth,
    checkedAt: new Date(clock.now()).toISOString(),
    ms: clock.now() - begun,
    ...(isSigned ? { signedBy: signature.keyId } : {}),
  };
}

export const VERIFICATION_ROUTES: readonly Route[] = [
  route(
    {
      method: 'GET',
      path: '/api/recordings/:id/verification',
      needs: 'verify',
      summary:
        'compares a file with its signed receipt now: `head` what the store says of it, `ciphertext` every byte as it is stored, `full` also decrypts it',
      query: verificationQuery,
      answers: [{ status: 200, shape: verification }],
      entry: 'verify',
    },
    async ({ state, archive, session, params, query, budget }) => {
      const { clock, access } = state;
      const located = await locateRecording(archive, session, params['id'] ?? '', budget);
      const { key } = fileOf(located, query.channel);
      const entry = { action: 'verify', recording: located.recordingId, key, query: query.depth } as const;
      await access.write(archive, session, entry);
      return jsonAnswer(200, await verifyFile(archive, { key, depth: query.depth }, clock, budget));
    },
  ),
];
