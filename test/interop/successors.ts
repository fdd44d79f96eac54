import { randomInt } from 'node:crypto';
import { archiveAgain } from '../../src/archive/archive-again.ts';
import type { ArchivePorts } from '../../src/archive/ports.ts';
import { archiveRequest } from '../../src/archive/archive-request.ts';
import { unlimited } from '../../src/clock.ts';
import { createEnvelopeReader } from '../../src/envelope/envelope-reader.ts';
import { recordingContext } from '../../src/envelope/s3ec/envelope.ts';
import type { MediaRequest } from '../../src/ports.ts';
import { receiptKey } from '../../src/record/object-key.ts';
import { readReceipt } from '../../src/record/receipt/read-receipt.ts';
import { publishInstruction } from '../../src/rekey/publish-instruction.ts';
import { connect } from '../genesys/connect.ts';
import { type Format, ORGANIZATION, type OurObject, type startArchive, type Wrap } from './our-objects.ts';

/** Bytes: with a rest after the last block, and of two parts. */
export const SUCCESSOR_SIZES = [1_000, 65_580, 6 * 1024 * 1024];

type Archive = Pick<Awaited<ReturnType<typeof startArchive>>, 'store' | 'unwrappers' | 'envelopeOf'>;

/** Archives recordings, and again once the platform serves something else. @returns the successors. */
export async function writeSuccessors(
  { store, unwrappers, envelopeOf }: Archive,
  format: Format,
  wrap: Wrap,
  list: readonly number[],
): Promise<OurObject[]> {
  const { simulator, resolver, opener, clock, logger, close } = await connect({
    // other recordings each time: they are archived side by side
    simulator: { seed: randomInt(1, 2 ** 31), recordings: list.map((bytes) => ({ bytes })) },
  });
  const ports: ArchivePorts = {
    resolver,
    opener,
    references: undefined,
    store,
    envelope: envelopeOf(format, wrap),
    reader: createEnvelopeReader({ unwrappers }),
    opens: new Set(['kms+context', 'AES/GCM', 'RSA-OAEP-SHA1']),
    organizationId: ORGANIZATION,
    clock,
    logger,
  };
  const objects: OurObject[] = [];
  try {
    for (const { id: mediaId, interactionId } of simulator.recordings) {
      const request: MediaRequest = { dialect: 'media', mediaId, interactionId, occurredAt: clock.now() };
      await archiveRequest(ports, request, unlimited);
      simulator.faults.add({ on: 'download', fault: { kind: 'change-etag', etag: 'changed' } });
      const locate = () => Promise.reject(new Error('the event states the time'));
      const [again] = await archiveAgain(ports, request, { reason: 'redacted', locate }, unlimited);
      if (again?.state !== 'successor') throw new Error(`no successor: ${again?.state}`);
      const { key, ids } = again;
      if (format === 'published') await publishInstruction({ store }, key, { dryRun: false }, unlimited);
      const { plaintext } = (await readReceipt(store, receiptKey(key), unlimited)) ?? {};
      const { bytes = 0, sha256 = '' } = plaintext ?? {};
      objects.push({ key, wrap, format, bytes, context: recordingContext(ORGANIZATION, ids), sha256 });
    }
  } finally {
    await close();
  }
  return objects;
}
