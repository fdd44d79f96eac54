/** Wires what keeps recordings by rules: the retention file, what locks and tags them, and what is known of them. */
import { findRecordings, findRows } from '../catalogue/search/find-recordings.ts';
import type { CataloguePorts } from '../catalogue/ports.ts';
import { type Budget, type Clock, systemClock } from '../clock.ts';
import type { ArchiveConfig, RestoreConfig, WrapConfig } from '../config/config.ts';
import { openConfiguredStore, openConfiguredVersions, openSigner, readTrust } from './archiver.ts';
import { openCatalogue } from './catalogue.ts';
import { ArchiveError, describeForeign, systemCodeOf, toArchiveError } from '../errors.ts';
import { applyRetention } from '../keep/retention/apply.ts';
import type { RecordingFacts, RetentionPorts } from '../keep/retention/examine.ts';
import { mediumOf, retentionAtWrite } from '../keep/retention/policy.ts';
import { type Logger, silentLogger } from '../log.ts';
import type { ObjectStore } from '../ports.ts';
import { createLayout } from '../record/layout.ts';
import { receiptKey } from '../record/object-key.ts';
import { readReceipt } from '../record/receipt/read-receipt.ts';
import type { ReceiptSigner } from '../record/receipt/receipt.ts';
import { parseRetentionFile, type RetentionMedium, type RetentionRules } from '../record/retention-file.ts';
import { MAX_RULES_FILE_BYTES } from '../record/rules-file.ts';
import { DAY_MS, dayOf, parseDay } from '../recording/time.ts';
import { createSecretValues } from '../secrets/values.ts';
import { readTextFile } from '../text-file.ts';

export interface RetentionTools {
  readonly clock?: Clock;
  readonly logger?: Logger;
  /** Instead of the configured one. */
  readonly store?: ObjectStore;
}

/**
 * The rules that `ARCHIVE_RETENTION_FILE` names, or is: where there are no files, the setting has the rules themselves.
 *
 * @throws `RETENTION_FILE_INVALID`, which says in which line.
 */
export async function readRetentionRules(file: string): Promise<RetentionRules> {
  if (file.trimStart().startsWith('{')) return parseRetentionFile(file, 'ARCHIVE_RETENTION_FILE');
  const what = `the retention file ${file}`;
  const text = await readTextFile(file, {
    what,
    code: 'RETENTION_FILE_INVALID',
    maxBytes: MAX_RULES_FILE_BYTES,
  }).catch((error: unknown) => {
    if (error instanceof ArchiveError) throw error;
    const problem =
      systemCodeOf(error) === 'ENOENT' ? 'does not exist' : `cannot be read: ${describeForeign(error)}`;
    throw new ArchiveError('RETENTION_FILE_INVALID', `${what} ${problem}`, {
      hint: 'name the file by its path from the working directory',
    });
  });
  return parseRetentionFile(text, what);
}

/** What the write of each object says of its retention. @throws `RETENTION_FILE_INVALID`. */
export async function rulesAtWrite(file: string): Promise<ArchiveConfig['retentionAtWrite']> {
  return retentionAtWrite(await readRetentionRules(file));
}

type Config = RestoreConfig & Pick<WrapConfig, 'retentionFile' | 'signingKeySecretArn' | 'signingKmsKeyId'>;

/** Makes no request. @throws `CONFIG_INVALID`, `RETENTION_FILE_INVALID`. */
export async function openRetention(config: Config, tools: RetentionTools = {}): Promise<RetentionPorts> {
  const { clock = systemClock, logger = silentLogger } = tools;
  const context = { clock, logger };
  const store = tools.store ?? (await openConfiguredStore(config, context));
  const versions = await openConfiguredVersions(config, context);
  const { keys = new Map() } = await readTrust(config);
  const rules =
    config.retentionFile === undefined ? undefined : await readRetentionRules(config.retentionFile);
  const catalogue = await openCatalogue(config, { ...context, archive: store });
  const layout = createLayout(config.layout);
  const secrets = createSecretValues({ ...context, proxies: config.proxies });
  let signer: Promise<ReceiptSigner | undefined> | undefined;
  return {
    store,
    keys,
    versions,
    rules,
    clock,
    noting: {
      dayOf: (key) => layout.parse(key)?.date,
      signer: (budget) => (signer ??= openSigner(config, secrets, context).then((open) => open(budget))),
    },
    factsOf: (asked, budget) => factsOf(catalogue, store, asked, budget),
  };
}

/** What the catalogue knows, and of what it does not know the receipt, or else the day of the key. */
async function factsOf(
  catalogue: CataloguePorts,
  store: ObjectStore,
  keys: readonly string[],
  budget: Budget,
): Promise<ReadonlyMap<string, RecordingFacts>> {
  const found = new Map<string, RecordingFacts>();
  const byDay = new Map<string, Set<string>>();
  for (const key of keys) {
    const day = catalogue.layout.parse(key)?.date ?? '';
    byDay.set(day, (byDay.get(day) ?? new Set()).add(key));
  }
  for (const [day, asked] of byDay) {
    if (day !== '') await readRows(catalogue, day, { asked, found }, budget);
    for (const key of asked)
      if (!found.has(key)) found.set(key, await ofReceipt(catalogue, store, { key, day }, budget));
  }
  return found;
}

async function readRows(
  catalogue: CataloguePorts,
  day: string,
  { asked, found }: { readonly asked: ReadonlySet<string>; readonly found: Map<string, RecordingFacts> },
  budget: Budget,
): Promise<void> {
  const wanted = ['key', 'kind', 'recorded_at', 'media', 'queue_ids', 'division_ids'] as const;
  try {
    const search = await findRecordings(catalogue, { from: day, to: day }, {}, budget);
    for await (const row of findRows(search, { wanted })) {
      // without a receipt the time of a row is the beginning of its day
      if (!asked.has(row.key) || row.kind === null) continue;
      found.set(row.key, {
        at: row.recorded_at,
        media: mediumOf(row.media),
        queues: row.queue_ids?.filter((id) => id !== null),
        divisions: row.division_ids?.filter((id) => id !== null),
      });
    }
  } catch (error) {
    budget.signal.throwIfAborted();
    const { code, message } = toArchiveError(error);
    if (code !== 'CATALOGUE_STALE') throw error;
    catalogue.logger.log('debug', `queues are not known: ${message}`, { code });
  }
}

const MEDIUM_OF_TYPE: Readonly<Record<string, RetentionMedium>> = { audio: 'call', video: 'screen' };

async function ofReceipt(
  { clock }: CataloguePorts,
  store: ObjectStore,
  { key, day }: { readonly key: string; readonly day: string },
  budget: Budget,
): Promise<RecordingFacts> {
  const receipt = await readReceipt(store, receiptKey(key), budget).catch((error: unknown) => {
    if (error instanceof ArchiveError && error.code === 'OBJECT_MALFORMED') return undefined;
    throw error;
  });
  const [type = ''] = (receipt?.source?.contentType ?? '').split('/');
  // the last moment that it may be of
  const latest = (parseDay(day) ?? Number.NaN) + DAY_MS;
  const at = receipt === undefined ? latest : Date.parse(receipt.times.recorded);
  return {
    at: Number.isFinite(at) ? at : clock.now(),
    media: MEDIUM_OF_TYPE[type],
    queues: undefined,
    divisions: undefined,
  };
}

/** Ages in days at which something of a day becomes known, or is given up on: what is applied daily. */
export const RETENTION_AGES: readonly number[] = [1, 2, 3, 4, 7, 14, 35, 36];

export interface RetentionRun {
  readonly objects: number;
  readonly locked: number;
  readonly tagged: number;
  readonly takenOff: number;
  readonly waiting: number;
}

/**
 * Applies the rules to all recordings of some days: what `serve` does.
 *
 * @param days midnights, epoch ms.
 * @throws as `applyRetention`; what the first day that failed met, after all others.
 */
export async function applyToDays(
  config: Config,
  days: readonly number[],
  budget: Budget,
  tools: RetentionTools = {},
): Promise<RetentionRun> {
  const ports = await openRetention(config, tools);
  const layout = createLayout(config.layout);
  const run = { objects: 0, locked: 0, tagged: 0, takenOff: 0, waiting: 0 };
  let failure: ArchiveError | undefined;
  for (const day of days) {
    try {
      const keys: string[] = [];
      for await (const { key } of ports.store.list(layout.prefixOf(day), budget))
        if (layout.parse(key)?.date === dayOf(day)) keys.push(key);
      for await (const { lock, tag, isWaiting } of applyRetention(ports, keys, budget)) {
        run.objects += 1;
        if (lock === 'set') run.locked += 1;
        if (tag === 'set') run.tagged += 1;
        if (tag === 'taken-off') run.takenOff += 1;
        if (isWaiting) run.waiting += 1;
      }
    } catch (error) {
      budget.signal.throwIfAborted();
      failure ??= toArchiveError(error);
    }
  }
  if (failure !== undefined) throw failure;
  return run;
}
