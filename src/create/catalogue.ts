import type { CataloguePorts } from '../catalogue/ports.ts';
import {
  type UpdateOptions,
  type UpdateReport,
  updateCatalogue as update,
} from '../catalogue/update-catalogue.ts';
import { type Budget, type Clock, systemClock } from '../clock.ts';
import type { KeySettings, RestoreConfig, StoreConfig, WritingSettings } from '../config/config.ts';
import { createReader, openConfiguredStore, openKeySources, readTrust } from './archiver.ts';
import { type KeyContext, openEnvelope } from '../envelope/keys/sources.ts';
import { createExpiredObjects } from '../keep/retention/removal-notes.ts';
import { type Logger, silentLogger } from '../log.ts';
import type { Envelope, ObjectStore } from '../ports.ts';
import { parquetTables } from '../parquet/tables.ts';
import { present } from '../present.ts';
import { createLayout } from '../record/layout.ts';

export interface CatalogueTools {
  readonly clock?: Clock;
  readonly logger?: Logger;
  /** Instead of the configured ones. */
  readonly archive?: ObjectStore;
  readonly catalogue?: ObjectStore;
  /** Of who asks AWS; without them, those that the AWS SDK finds. */
  readonly credentials?: NonNullable<KeyContext['credentials']>;
}

/**
 * Wires the catalogue. Makes no request. Without keys, what is sealed stays closed: rows have no facts, and people are not shown.
 *
 * @throws `CONFIG_INVALID` when a store or a key file cannot be used.
 */
export async function openCatalogue(
  config: StoreConfig | RestoreConfig,
  tools: CatalogueTools = {},
): Promise<CataloguePorts> {
  const { clock = systemClock, logger = silentLogger, credentials } = tools;
  const context = { clock, logger, ...present({ credentials }) };
  const archive = tools.archive ?? (await openConfiguredStore(config, context));
  const { keys } = await readTrust(config);
  const { store, agents, facts, shards } = config.catalogue;
  const elsewhere = store === undefined ? archive : await openConfiguredStore({ ...config, store }, context);
  return {
    archive,
    catalogue: tools.catalogue ?? elsewhere,
    tables: parquetTables,
    layout: createLayout(config.layout),
    expired: createExpiredObjects({ store: archive, keys: keys ?? new Map(), clock }),
    options: { agents, facts, shards },
    clock,
    logger,
    ...(await openKeys(config, context)),
  };
}

async function openKeys(
  config: StoreConfig | RestoreConfig,
  context: KeyContext,
): Promise<Pick<CataloguePorts, 'reader' | 'envelope'>> {
  if (!('encryption' in config)) return {};
  const { encryption } = config;
  const { key, kmsKeyId, keyringFile, privateKeyFile } = encryption;
  const reads = [key, kmsKeyId, keyringFile, privateKeyFile].some((source) => source !== undefined);
  if (!reads) return {};
  const reader = await createReader(config, context);
  const writing = sealingWith(config);
  if (writing === undefined) return { reader };
  const envelope: Envelope = await openKeySources(config, (sources) =>
    openEnvelope(writing, sources, context),
  );
  return { reader, envelope };
}

/** As recordings are written; in the format that AWS’s clients read wherever there is a wrapping key. */
function sealingWith({ encryption, organizationId }: RestoreConfig): WritingSettings | undefined {
  const { key, kmsKeyId, keyringFile, publicKeyFile, privateKeyFile }: KeySettings = encryption;
  const format = 's3ec-v3';
  if (kmsKeyId !== undefined && organizationId !== undefined) return { mode: 'kms', format };
  if (keyringFile !== undefined) return { mode: 'aes', format };
  if (publicKeyFile !== undefined && privateKeyFile !== undefined) return { mode: 'rsa', format };
  return key === undefined ? undefined : { mode: 'static', format: 'static-gcm' };
}

/**
 * Brings the catalogue up to date: what `catalogue update`, `serve` and the scheduled function do. Opens no recording.
 *
 * @throws what the stores and the key service throw before the first day; afterwards a day that fails is counted.
 */
export async function updateCatalogue(
  config: StoreConfig | RestoreConfig,
  budget: Budget,
  options: UpdateOptions & CatalogueTools = {},
): Promise<UpdateReport> {
  return update(await openCatalogue(config, options), options, budget);
}
