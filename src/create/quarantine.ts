/** Wires what releases recordings from quarantine, and what shows them. */
import { type VerifyPorts, verifyAgainstReceipt } from '../audit/verify-recording.ts';
import { type Budget, type Clock, systemClock } from '../clock.ts';
import type { ArchiveConfig, WrapConfig } from '../config/config.ts';
import type { QuarantineTrust } from '../keep/quarantine/list-quarantine.ts';
import type { ReleasePorts, VerifiedFile } from '../keep/quarantine/release-types.ts';
import { type Logger, silentLogger } from '../log.ts';
import type { ObjectStore } from '../ports.ts';
import { keepOnWrite } from '../record/keep-on-write.ts';
import { createLayout } from '../record/layout.ts';
import {
  type Archiver,
  createReader,
  openAmending,
  openConfiguredStore,
  openConfiguredVersions,
  readTrust,
} from './archiver.ts';

export interface QuarantineTools {
  readonly clock?: Clock;
  readonly logger?: Logger;
  /** Instead of the configured one. */
  readonly store?: ObjectStore;
}

/** What it takes to show what waits. Makes no request. @throws `CONFIG_INVALID`. */
export async function openQuarantine(
  config: WrapConfig | ArchiveConfig,
  tools: QuarantineTools = {},
): Promise<QuarantineTrust> {
  const { clock = systemClock, logger = silentLogger } = tools;
  const store = tools.store ?? (await openConfiguredStore(config, { clock, logger }));
  const { keys = new Map() } = await readTrust(config);
  return { store, keys, layout: createLayout(config.layout), clock };
}

/**
 * What it takes to release: the settings of who archives, because the copy is signed, kept and referred to as if it were archived now.
 *
 * @param archiver writes references; `undefined` where none are written.
 * @throws `CONFIG_INVALID`, `SECRET_*`.
 */
export async function openRelease(
  config: ArchiveConfig,
  archiver: Pick<Archiver, 'link'> | undefined,
  tools: QuarantineTools,
  budget: Budget,
): Promise<ReleasePorts> {
  const { clock = systemClock, logger = silentLogger } = tools;
  const context = { clock, logger };
  const store = tools.store ?? (await openConfiguredStore(config, context));
  const { keys = new Map(), signer, layout } = await openAmending(config, context, budget);
  const archive = await openConfiguredVersions(config, context);
  const { keyRecords, organizationId, retentionAtWrite } = config;
  const others =
    keyRecords === undefined || keyRecords === config.store
      ? []
      : [await openConfiguredVersions(config, context, 'key records')];
  const trust: VerifyPorts = { store, keys, layout, organizationId, allow: new Set(['adopted']) };
  return {
    store,
    keys,
    signer,
    clock,
    organizationId,
    archive,
    others,
    verify: (key, given) => verify(trust, () => createReader(config, context), key, given),
    keepOf: (contentType, recordedAt) =>
      retentionAtWrite && keepOnWrite(retentionAtWrite, contentType, recordedAt, clock.now()),
    link: archiver && ((archived, given) => archiver.link(archived, given)),
  };
}

/** Its bytes are held to the receipt; where that states none, or rests on adoption, they have to decrypt as well. */
async function verify(
  ports: VerifyPorts,
  openReader: () => ReturnType<typeof createReader>,
  key: string,
  budget: Budget,
): Promise<VerifiedFile> {
  const first = await verifyAgainstReceipt(ports, key, 'ciphertext', budget);
  const findings = first.findings.map(({ kind }) => kind);
  const sha256 = first.digests?.ciphertextSha256;
  if (findings.length > 0) return { findings, sha256 };
  if (!first.withoutBodyHash && first.allowed.every(({ kind }) => kind !== 'adopted'))
    return { findings, sha256 };
  const whole = await verifyAgainstReceipt({ ...ports, reader: await openReader() }, key, 'full', budget);
  return {
    findings: whole.findings.map(({ kind }) => kind),
    sha256: whole.digests?.plaintext === undefined ? undefined : whole.digests.ciphertextSha256,
  };
}
