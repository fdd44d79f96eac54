import type { Budget } from '../clock.ts';
import type { Envelope, RecordingIds } from '../ports.ts';
import { keepKey, type KeepKeyPorts } from './keep-key.ts';
import { idempotencyMetadata } from '../record/identity.ts';
import type { CompanionKind } from '../record/object-key.ts';
import type { ReceiptSigner } from '../record/receipt/receipt.ts';
import { markMetadata } from '../record/writer-mark.ts';

export interface CompanionPorts extends KeepKeyPorts {
  readonly envelope: Envelope;
  /** `undefined`: objects carry no mark. */
  readonly signer?: ReceiptSigner | undefined;
}

/**
 * Stores text beside a recording, encrypted and marked like it, because it is about people. What stands there already stays.
 *
 * @throws what the store and the key service throw.
 */
export async function sealBeside(
  ports: CompanionPorts,
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
  const { store, envelope, signer, organizationId } = ports;
  const sealer = await envelope.seal(ids, budget);
  const body = Buffer.concat([sealer.update(Buffer.from(text)), sealer.final()]);
  const keptKey = keepKey(ports, sealer, { ids, key }, budget);
  const own = { ...sealer.metadata, ...keptKey.metadata, ...idempotencyMetadata(ids) };
  const marked = { kind, key, ids, organizationId, metadata: own } as const;
  const options = {
    metadata: { ...own, ...(await markMetadata(signer, marked, budget)) },
    contentType: 'application/octet-stream',
    contentLength: body.length,
  };
  await keptKey.confirm();
  await store.put(key, body, options, budget);
}
