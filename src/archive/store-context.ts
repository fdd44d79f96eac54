import type { Budget } from '../clock.ts';
import type { Logger } from '../log.ts';
import type { Envelope } from '../ports.ts';
import type { ArchiveResult } from './archive-request.ts';
import type { Filing } from './filing.ts';
import { idempotencyMetadata } from '../record/identity.ts';
import { keepKey, type KeepKeyPorts } from './keep-key.ts';
import { contextKey } from '../record/object-key.ts';
import type { ReceiptSigner } from '../record/receipt.ts';
import { markMetadata } from '../record/writer-mark.ts';

export interface ContextPorts extends KeepKeyPorts {
  readonly envelope: Envelope;
  /** `undefined`: objects carry no mark. */
  readonly signer?: ReceiptSigner | undefined;
  readonly organizationId?: string | undefined;
}

/**
 * Stores what a conversation was beside the recording under `key`, encrypted like it, because it is about people. The first context
 * stays: `describe` is not even asked when there is one.
 *
 * @param describe the context as JSON text; `undefined` when the platform has none any more.
 * @returns whether a context is there now.
 * @throws what the store and the key service throw.
 */
export async function storeContext(
  ports: ContextPorts,
  { ids, key }: Pick<Filing, 'ids' | 'key'>,
  describe: () => Promise<string | undefined>,
  budget: Budget,
): Promise<boolean> {
  const { store, envelope, signer, organizationId } = ports;
  const at = contextKey(key);
  if ((await store.head(at, budget)) !== undefined) return true;
  const json = await describe();
  if (json === undefined) return false;
  const sealer = await envelope.seal(ids, budget);
  const body = Buffer.concat([sealer.update(Buffer.from(json)), sealer.final()]);
  const keptKey = keepKey(ports, sealer, { ids, key: at }, budget);
  const own = { ...sealer.metadata, ...keptKey.metadata, ...idempotencyMetadata(ids) };
  const marked = { kind: 'context', key: at, ids, organizationId, metadata: own } as const;
  const options = {
    metadata: { ...own, ...(await markMetadata(signer, marked, budget)) },
    contentType: 'application/octet-stream',
    contentLength: body.length,
  };
  await keptKey.confirm();
  await store.put(at, body, options, budget);
  return true;
}

/**
 * Stores the context of one conversation beside each of its recordings that is archived by now. The platform is asked at most once,
 * and not at all when every recording has its context.
 *
 * @throws what `describe`, the store and the key service throw; the recordings are archived by then, and stay so.
 */
export async function keepContext(
  ports: ContextPorts & { readonly logger: Logger },
  results: readonly ArchiveResult[],
  describe: () => Promise<object | undefined>,
  budget: Budget,
): Promise<void> {
  let asked: Promise<string | undefined> | undefined;
  const ask = () => {
    asked ??= describe().then((context) =>
      context === undefined ? undefined : `${JSON.stringify(context)}\n`,
    );
    return asked;
  };
  for (const result of results) {
    if (result.state !== 'archived') continue;
    if (await storeContext(ports, result, ask, budget)) continue;
    const { recordingId, conversationId } = result.ids;
    ports.logger.log('warn', 'the platform has no context of the conversation any more', {
      recordingId,
      conversationId,
    });
  }
}
