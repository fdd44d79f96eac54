/** Wires what erases: the one place that opens stores for removing what is in them. */
import { type Budget, type Clock, systemClock } from '../clock.ts';
import { forgetInCatalogue, replacedVersions } from '../catalogue/forget-days.ts';
import type { CataloguePorts } from '../catalogue/ports.ts';
import type { WrapConfig } from '../config/config.ts';
import { openAmending, openConfiguredStore } from './archiver.ts';
import { openCatalogue } from './catalogue.ts';
import type { ErasePorts, KeptPart } from '../keep/erase/erase-types.ts';
import { type Logger, silentLogger } from '../log.ts';
import type { ObjectStore, ObjectVersion, VersionedStore } from '../ports.ts';
import { present } from '../present.ts';
import { prefixesOfLists, redactLists } from '../proof/day/redact-lists.ts';
import { logKeys } from '../proof/formats/log-keys.ts';
import { openVersions } from '../store/open-versions.ts';

export interface ErasureTools {
  readonly clock?: Clock;
  readonly logger?: Logger;
  /** Instead of the configured one. */
  readonly store?: ObjectStore;
}

export interface OpenErasure {
  readonly ports: ErasePorts;
  readonly catalogue: CataloguePorts;
}

/**
 * Opens what an erasure touches: the archive, the catalogue, the lists of the log.
 *
 * @throws `CONFIG_INVALID`, `SECRET_*`.
 */
export async function openErasure(
  config: WrapConfig,
  tools: ErasureTools,
  budget: Budget,
): Promise<OpenErasure> {
  const { clock = systemClock, logger = silentLogger } = tools;
  const context = { clock, logger };
  const store = tools.store ?? (await openConfiguredStore(config, context));
  const { keys = new Map(), signer } = await openAmending(config, context, budget);
  const archive = await openConfiguredVersions(config, config.store, context);
  const elsewhere = config.catalogue.store;
  const ofCatalogue =
    elsewhere === undefined ? archive : await openConfiguredVersions(config, elsewhere, context);
  const { keyRecords } = config;
  const ofKeys =
    keyRecords === undefined || keyRecords === config.store
      ? []
      : [await openConfiguredVersions(config, keyRecords, context)];
  const catalogue: CataloguePorts = {
    ...(await openCatalogue(config, { ...context, archive: store })),
    tombstones: new Map(),
  };
  const ports: ErasePorts = {
    store,
    keys,
    signer,
    clock,
    archive,
    others: [...(ofCatalogue === archive ? [] : [ofCatalogue]), ...ofKeys],
    ...openDerived({ store, archive, catalogue, ofCatalogue, organizationId: config.organizationId }),
  };
  return { ports, catalogue };
}

/** What is made anew without an erased recording, and the versions that it replaces. */
function openDerived(it: {
  readonly store: ObjectStore;
  readonly archive: VersionedStore;
  readonly catalogue: CataloguePorts;
  /** Where the catalogue is. */
  readonly ofCatalogue: VersionedStore;
  readonly organizationId: string | undefined;
}): Pick<ErasePorts, 'forget' | 'replaced'> {
  const { archive, ofCatalogue } = it;
  return {
    forget: async (days, erased, budget) => {
      const kept = await forgetInCatalogue(it.catalogue, ofCatalogue, days, budget);
      const lists = await forgetInLists(it, days, erased, budget);
      const rows = kept.map(({ version, lock }) => ({
        key: version.key,
        store: ofCatalogue.location,
        legalHold: lock?.legalHold === true,
        until: lock?.retainUntil,
      }));
      return { kept: [...rows, ...lists] };
    },
    replaced: async function* (days, budget) {
      for await (const version of replacedVersions(ofCatalogue, days, budget))
        yield { store: ofCatalogue, version };
      for await (const version of replacedLists(it, days, budget)) yield { store: archive, version };
    },
  };
}

/** Versions of what lies at a configured place. Makes no request. */
export function openConfiguredVersions(
  { s3, proxies }: Pick<WrapConfig, 's3' | 'proxies'>,
  place: string,
  context: { readonly clock: Clock; readonly logger: Logger },
): Promise<VersionedStore> {
  const { forcePathStyle, expectedBucketOwner } = s3;
  return openVersions(place, {
    ...context,
    s3: { forcePathStyle, proxies },
    ...present({ expectedBucketOwner }),
  });
}

interface LogPlace {
  readonly store: ObjectStore;
  readonly archive: VersionedStore;
  readonly organizationId: string | undefined;
}

/** Without an organization there is no log. */
async function forgetInLists(
  { store, archive, organizationId }: LogPlace,
  days: ReadonlySet<string>,
  erased: ReadonlySet<string>,
  budget: Budget,
): Promise<readonly KeptPart[]> {
  if (organizationId === undefined) return [];
  await redactLists({ store, keys: logKeys(organizationId) }, days, erased, budget);
  const kept: KeptPart[] = [];
  // also those of a work that was broken off after lists had been replaced
  for await (const version of replacedLists({ archive, organizationId }, days, budget)) {
    if ((await archive.remove(version, budget)) === 'removed') continue;
    const lock = await archive.lockOf(version, budget);
    kept.push({
      key: version.key,
      store: archive.location,
      legalHold: lock?.legalHold === true,
      until: lock?.retainUntil,
    });
  }
  return kept;
}

/** Versions of lists before the current ones. Lists alone: what else is below that prefix never names a recording. */
async function* replacedLists(
  { archive, organizationId }: Pick<LogPlace, 'archive' | 'organizationId'>,
  days: ReadonlySet<string>,
  budget: Budget,
): AsyncGenerator<ObjectVersion, void, undefined> {
  if (organizationId === undefined) return;
  for (const prefix of prefixesOfLists(logKeys(organizationId), days)) {
    for await (const version of archive.versions(prefix, budget))
      if (!version.isLatest && version.key.endsWith('.jsonl.gz')) yield version;
  }
}
