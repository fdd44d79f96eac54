import type { Budget } from '../clock.ts';
import type { Logger } from '../log.ts';
import type { ArchiveResult } from './archive-request.ts';
import type { Filing } from './filing.ts';
import { contextKey } from '../record/object-key.ts';
import { type CompanionPorts, sealBeside } from './seal-beside.ts';

/**
 * Stores what a conversation was beside the recording under `key`, encrypted like it, because it is about people. The first context
 * stays: `describe` is not even asked when there is one.
 *
 * @param describe the context as JSON text; `undefined` when the platform has none any more.
 * @returns whether a context is there now.
 * @throws what the store and the key service throw.
 */
export async function storeContext(
  ports: CompanionPorts,
  { ids, key }: Pick<Filing, 'ids' | 'key'>,
  describe: () => Promise<string | undefined>,
  budget: Budget,
): Promise<boolean> {
  const at = contextKey(key);
  if ((await ports.store.head(at, budget)) !== undefined) return true;
  const json = await describe();
  if (json === undefined) return false;
  await sealBeside(ports, { kind: 'context', ids, key: at, text: json }, budget);
  return true;
}

/**
 * Stores the context of one conversation beside each of its recordings that is archived by now. The platform is asked at most once,
 * and not at all when every recording has its context.
 *
 * @throws what `describe`, the store and the key service throw; the recordings are archived by then, and stay so.
 */
export async function keepContext(
  ports: CompanionPorts & { readonly logger: Logger },
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
