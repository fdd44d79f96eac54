/** Wires what the console sees of an archive. Makes no request; keys are opened here, and nothing else. */
import { readFile } from 'node:fs/promises';
import { type Clock, systemClock } from '../clock.ts';
import { ArchiveError, describeForeign } from '../errors.ts';
import type { WrapConfig } from '../config/config.ts';
import type { ConsoleArchive } from '../console/console-archive.ts';
import { createReader, openConfiguredStore, openSigner, readTrust } from './archiver.ts';
import { openCatalogue } from './catalogue.ts';
import { openLog } from './log.ts';
import { type Logger, silentLogger } from '../log.ts';
import { createLayout } from '../record/layout.ts';
import { createSecretValues } from '../secrets/secret-values.ts';

/** @throws `CONFIG_INVALID` when a store or a key file cannot be used. */
export async function openConsoleArchive(
  config: WrapConfig,
  {
    name,
    clock = systemClock,
    logger = silentLogger,
  }: { readonly name?: string | undefined; readonly clock?: Clock; readonly logger?: Logger },
): Promise<ConsoleArchive> {
  const tools = { clock, logger };
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
