/** Wires restore drills: what reads recordings, and signs what became of them. It writes reports, and nothing else. */
import { MediaDecoder } from '../archive/decode-media.ts';
import type { Budget, Clock } from '../clock.ts';
import type { RestoreConfig } from '../config/config.ts';
import { createReader, openConfiguredStore, openSigner, readTrust } from './archiver.ts';
import { drillKeys, openLog } from './log.ts';
import { ArchiveError } from '../errors.ts';
import type { Logger } from '../log.ts';
import { createExpiredObjects } from '../keep/retention/removal-notes.ts';
import type { ObjectStore } from '../ports.ts';
import { drillKeyName } from '../proof/drill/drill-report.ts';
import { findLastDrill } from '../proof/drill/known-drills.ts';
import { type DrillOptions, type FinishedDrill, runDrill } from '../proof/drill/run-drill.ts';
import { noteKey } from '../proof/formats/note.ts';
import type { LogPlace } from '../proof/log/place.ts';
import { createLayout } from '../record/layout.ts';
import { DAY_MS } from '../recording/time.ts';
import { createSecretValues } from '../secrets/values.ts';

export interface Driller {
  /** The public key of the reports, as verifiers take it. */
  vkey(budget: Budget): Promise<string>;
  /** @throws `CONFIG_INVALID`, `LOG_*`, `NOT_SEALED`, `STORE_*`, `KMS_*`, `OUT_OF_TIME`; findings are in the report. */
  run(options: DrillOptions, budget: Budget): Promise<FinishedDrill>;
  /** Whole days since the last drill that looked at all of its sample; `undefined` without one. */
  ageDays(budget: Budget): Promise<number | undefined>;
}

interface DrillerPorts {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Instead of the configured one. */
  readonly store?: ObjectStore;
}

/**
 * Wires what drills. Makes no request.
 *
 * @throws `CONFIG_INVALID` when a key cannot be used, or the log has no name.
 */
export async function createDriller(config: RestoreConfig, ports: DrillerPorts): Promise<Driller> {
  const { clock, logger } = ports;
  const { proxies, drill } = config;
  const store = ports.store ?? (await openConfiguredStore(config, { clock, logger }));
  const place = openLog(config, store);
  const trust = await readTrust(config);
  const reader = await createReader(config, { clock, logger });
  const open = (signingKeyFile: string | undefined, signingKmsKeyId: string | undefined) =>
    openSigner(
      { signingKeyFile, signingKmsKeyId, signingKeySecretArn: undefined, proxies },
      createSecretValues({ clock, logger, proxies }),
      { clock, logger },
    );
  const openKey = await open(drill.keyFile, drill.kmsKeyId);
  const openLogKeys = await Promise.all(drill.logKmsKeyIds.map((keyId) => open(undefined, keyId)));
  const readPlace = async (budget: Budget): Promise<LogPlace> => {
    const own = (await Promise.all(openLogKeys.map((openKms) => openKms(budget)))).filter(
      (key) => key !== undefined,
    );
    const trusted = [...place.trusted, ...own.map(({ publicKey }) => noteKey(place.origin, publicKey))];
    if (trusted.length > 0) return { ...place, trusted };
    throw new ArchiveError('CONFIG_INVALID', 'ARCHIVE_PROOF_VKEYS names no public key of the log', {
      hint: 'set it as the owner of the archive published it, or ARCHIVE_PROOF_KMS_KEY_ID',
    });
  };
  const signerOf = async (budget: Budget) => {
    const signer = await openKey(budget);
    if (signer !== undefined) return signer;
    throw new ArchiveError('CONFIG_INVALID', 'no key signs reports of drills', {
      hint: 'set ARCHIVE_DRILL_KEY_FILE or ARCHIVE_DRILL_KMS_KEY_ID (docs/proof.md, "Restore drills")',
    });
  };
  const keyOf = async (budget: Budget) =>
    noteKey(drillKeyName(place.origin), (await signerOf(budget)).publicKey);
  return {
    vkey: async (budget) => (await keyOf(budget)).vkey,
    run: async (options, budget) =>
      runDrill(
        {
          store,
          ...trust,
          expired: createExpiredObjects({ store, keys: trust.keys ?? new Map(), clock }),
          layout: createLayout(config.layout),
          reader,
          createDecoder: () => new MediaDecoder(),
          place: await readPlace(budget),
          signer: await signerOf(budget),
          now: () => clock.now(),
          version: PACKAGE_VERSION,
        },
        options,
        budget,
      ),
    ageDays: async (budget) => {
      const known = [...drillKeys(config), await keyOf(budget)];
      const last = await findLastDrill(store, known, budget);
      return last === undefined ? undefined : Math.floor((clock.now() - last.at) / DAY_MS);
    },
  };
}
