/** Opens those who remember checkpoints outside of the archive's own store, as the settings name them. */
import type { Clock } from '../clock.ts';
import type { SealConfig } from '../config/config.ts';
import { ArchiveError } from '../errors.ts';
import type { Transport } from '../http/transport.ts';
import type { Logger } from '../log.ts';
import type { Anchor } from '../ports.ts';
import { createSecondStore } from '../proof/anchors/second-store.ts';
import type { LogPlace } from '../proof/log/place.ts';
import { openStore } from '../store/open-store.ts';
import { readTextFile } from '../text-file.ts';
import { readWitnessKey } from './log.ts';

/** Bytes. */
const MAX_CA_FILE_BYTES = 1024 * 1024;

interface Tools {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * The second store comes first: what others are told must be remembered here.
 *
 * @throws `CONFIG_INVALID`
 */
export async function openAnchors(
  { sealer, proxies }: Pick<SealConfig, 'sealer' | 'proxies'>,
  place: LogPlace,
  tools: Tools,
): Promise<readonly Anchor[]> {
  const { secondStore } = sealer;
  const { clock, logger } = tools;
  const second =
    secondStore === undefined
      ? []
      : [createSecondStore(place, await openStore(secondStore, { clock, logger, s3: { proxies } }))];
  const stamped = await openTimestampers(sealer, place, tools);
  return [...second, ...stamped, ...(await openWitnesses(sealer, place, tools))];
}

async function openTimestampers(
  { timestampUrls, timestampCaFile }: SealConfig['sealer'],
  { store, keys }: LogPlace,
  { transport }: Tools,
): Promise<readonly Anchor[]> {
  if (timestampUrls.length === 0) return [];
  const { createTimestamper, readCertificates } = await import('../anchor/rfc3161.ts');
  const trusted = readCertificates(await readCaFile(timestampCaFile));
  const keyOf = (size: number, authority: string) => keys.token(size, authority);
  return timestampUrls.map((url) => createTimestamper({ url, trusted, transport, store, keyOf }));
}

async function openWitnesses(
  { witnesses }: SealConfig['sealer'],
  place: LogPlace,
  { transport, clock }: Tools,
): Promise<readonly Anchor[]> {
  const asked = witnesses.flatMap(({ vkey, url }) => (url === undefined ? [] : [{ vkey, url }]));
  if (asked.length === 0) return [];
  const { createWitnessDoor } = await import('../anchor/witness.ts');
  const { createWitness } = await import('../proof/anchors/witness.ts');
  return asked.map(({ vkey, url }) => {
    const door = createWitnessDoor(url, transport);
    return createWitness({ place, key: readWitnessKey(vkey), door, now: () => clock.now() });
  });
}

function readCaFile(file: string | undefined): Promise<string> {
  if (file === undefined) {
    throw new ArchiveError('CONFIG_INVALID', 'ARCHIVE_PROOF_TSA_CA_FILE is missing', {
      hint: 'a time stamp that nothing was compared with proves nothing: name the certificates of the authority',
    });
  }
  const what = 'ARCHIVE_PROOF_TSA_CA_FILE';
  return readTextFile(file, { what, code: 'CONFIG_INVALID', maxBytes: MAX_CA_FILE_BYTES });
}
