import type { Budget } from '../clock.ts';
import type { Envelope, ObjectStore, RecordingIds } from '../ports.ts';
import { idempotencyMetadata } from '../record/identity.ts';
import type { CompanionKind } from '../record/object-key.ts';
import type { ReceiptSigner } from '../record/receipt.ts';
import { markMetadata } from '../record/writer-mark.ts';

export interface CompanionPorts {
  readonly store: ObjectStore;
  readonly envelope: Envelope;
  /** `undefined`: objects carry no mark. */
  readonly signer?: ReceiptSigner | undefined;
  readonly organizationId?: string | undefined;
}

/**
 * Stores text beside a recording, encrypted and marked like it, because it is about people. What stands there already stays.
 *
 * @throws what the store and the key service throw.
 */
export async function sealBeside(
  { store, envelope, signer, organizationId }: CompanionPorts,
  {
    kind,
    ids,
    key,
    text,
  }: {
    readonly kind: CompanionKind;
    readonly ids: RecordingIds;
    readonly key: string;
    readonly text: string;
  },
  budget: Budget,
): Promise<void> {
  const sealer = await envelope.seal(ids, budget);
  const body = Buffer.concat([sealer.update(Buffer.from(text)), sealer.final()]);
  const own = { ...sealer.metadata, ...idempotencyMetadata(ids) };
  const marked = { kind, key, ids, organizationId, metadata: own } as const;
  const options = {
    metadata: { ...own, ...(await markMetadata(signer, marked, budget)) },
    contentType: 'application/octet-stream',
    contentLength: body.length,
  };
  await store.put(key, body, options, budget);
}
