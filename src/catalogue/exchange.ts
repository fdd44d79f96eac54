import type { Budget } from '../clock.ts';
import { ArchiveError } from '../errors.ts';
import type { ObjectStat, PutOptions } from '../ports.ts';
import type { CataloguePorts } from './ports.ts';

/** What a file of the catalogue takes the place of. */
export interface Exchange {
  readonly key: string;
  /** As it was before anything that the new one is made from was read; `undefined` where there was none. */
  readonly before: ObjectStat | undefined;
  readonly options: PutOptions;
}

/**
 * Stores a file of the catalogue, unless another writer has been there since.
 *
 * @returns false where one has: what it wrote stands.
 * @throws `CONFIG_INVALID` where the store cannot replace objects; what the store throws.
 */
export async function exchangeFile(
  { catalogue }: Pick<CataloguePorts, 'catalogue'>,
  { key, before, options }: Exchange,
  body: Uint8Array,
  budget: Budget,
): Promise<boolean> {
  if (before === undefined) {
    const stated = { ...options, contentLength: body.byteLength };
    return (await catalogue.put(key, body, stated, budget)).outcome === 'stored';
  }
  if (catalogue.replace === undefined)
    throw new ArchiveError(
      'CONFIG_INVALID',
      `${catalogue.location} cannot replace objects, which the catalogue needs`,
    );
  const { outcome } = await catalogue.replace(before, body, options, budget);
  if (outcome === 'unsupported')
    throw new ArchiveError('CONFIG_INVALID', `${catalogue.location} cannot replace ${key}`);
  return outcome === 'replaced';
}
