/** Wires what the console sees of an archive. Makes no request; keys are opened here, and nothing else. */
import { readFile } from 'node:fs/promises';
import { type AssumedRole, openRole, roleSessionName } from '../aws/assume-role.ts';
import { type Clock, systemClock } from '../clock.ts';
import { ArchiveError, describeForeign } from '../errors.ts';
import type { WrapConfig } from '../config/config.ts';
import type { ConsoleArchive } from '../console/console-archive.ts';
import type { DoorOptions } from '../console/open-door.ts';
import { createReader, openConfiguredStore, openSigner, readTrust } from './archiver.ts';
import { openCatalogue } from './catalogue.ts';
import { openLog } from './log.ts';
import { type Logger, silentLogger } from '../log.ts';
import { present } from '../present.ts';
import { createLayout } from '../record/layout.ts';
import { createSecretValues } from '../secrets/values.ts';

/** @throws `CONFIG_INVALID` when a store or a key file cannot be used. */
export async function openConsoleArchive(
  config: WrapConfig,
  {
    name,
    clock = systemClock,
    logger = silentLogger,
    credentials,
  }: {
    readonly name?: string | undefined;
    readonly clock?: Clock;
    readonly logger?: Logger;
    /** Of who asks AWS; without them, those that the AWS SDK finds. */
    readonly credentials?: AssumedRole['credentials'];
  },
): Promise<ConsoleArchive> {
  const tools = { clock, logger, ...present({ credentials }) };
  const store = await openConfiguredStore(config, tools);
  const catalogue = await openCatalogue(config, { ...tools, archive: store });
  const { key, kmsKeyId, keyringFile, privateKeyFile } = config.encryption;
  const reads = [key, kmsKeyId, keyringFile, privateKeyFile].some((source) => source !== undefined);
  const secrets = createSecretValues({ ...tools, proxies: config.proxies });
  let signer: ReturnType<typeof openSigner> | undefined;
  return {
    name,
    store,
    layout: createLayout(config.layout),
    trust: await readTrust(config),
    reader: reads ? await createReader(config, tools) : undefined,
    envelope: catalogue.envelope,
    catalogue,
    derived: catalogue.catalogue,
    signer: async (budget) => (await (signer ??= openSigner(config, secrets, tools)))(budget),
    twoPersons: config.holdTwoPersons,
    organizationId: config.organizationId,
    log: config.proof.origin === undefined ? undefined : openLog(config, store),
    timestampCa: await readCertificates(config.proof.timestampCaFile),
    warnings: config.warnings,
  };
}

/** People whose archives are kept open; each has clients of its own for S3 and KMS. */
const MAX_PEOPLE = 32;
/** ms before its end at which a role is assumed anew. */
const RENEW_MS = 10 * 60_000;

/**
 * The archive as each person reaches it: with a role that is assumed under their name, so that CloudTrail, which the console cannot write to,
 * shows who read. Kept for each session until the credentials end.
 *
 * What it gives throws `ROLE_NOT_ASSUMED` (retryable).
 */
export function openForPeople(
  config: WrapConfig,
  {
    clock,
    logger,
    ...role
  }: Omit<Parameters<typeof openRole>[0], 'clock' | 'proxies'> & {
    readonly clock: Clock;
    readonly logger: Logger;
  },
): NonNullable<DoorOptions['archiveFor']> {
  const assume = openRole({ ...role, clock, proxies: config.proxies });
  const open = new Map<string, { readonly until: number; readonly archive: ConsoleArchive }>();
  const opening = new Map<string, Promise<ConsoleArchive>>();
  const begin = async (
    ...[session, { name }, budget]: Parameters<NonNullable<DoorOptions['archiveFor']>>
  ) => {
    const { credentials, until } = await assume(roleSessionName(session.sub, session.id), budget);
    const archive = await openConsoleArchive(config, { name, clock, logger, credentials });
    open.delete(session.id);
    open.set(session.id, { until: until - RENEW_MS, archive });
    const [oldest] = open.keys();
    if (open.size > MAX_PEOPLE && oldest !== undefined) open.delete(oldest);
    return archive;
  };
  return (session, archive, budget) => {
    const known = open.get(session.id);
    if (known !== undefined && clock.now() < known.until) return Promise.resolve(known.archive);
    const begun =
      opening.get(session.id) ?? begin(session, archive, budget).finally(() => opening.delete(session.id));
    opening.set(session.id, begun);
    return begun;
  };
}

/** @throws `CONFIG_INVALID`. */
async function readCertificates(file: string | undefined): Promise<string | undefined> {
  if (file === undefined) return undefined;
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    const why = describeForeign(error);
    throw new ArchiveError('CONFIG_INVALID', `ARCHIVE_PROOF_TSA_CA_FILE cannot be read: ${why}`);
  }
}
