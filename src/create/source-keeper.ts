/** Wires what asks and changes what is kept at the source: with an OAuth client of its own, that nothing else uses. */
import type { Budget, Clock } from '../clock.ts';
import type { ArchiveConfig, WrapConfig } from '../config/config.ts';
import { ArchiveError } from '../errors.ts';
import { gateChanges } from '../genesys/pin-organization.ts';
import { createPlatform } from '../genesys/platform.ts';
import { createSourceKeeper } from '../genesys/recordings/source-keeper.ts';
import { createTransport } from '../http/transport.ts';
import type { Logger } from '../log.ts';
import type { MediaResolver, SourceKeeper } from '../ports.ts';
import { readClientCredentials } from '../secrets/contents.ts';
import { createSecretValues } from '../secrets/values.ts';

export interface OpenSourceKeeper {
  readonly source: SourceKeeper;
  /** Recordings as the archive asks for them, and as it does not: one by one, or a conversation's at once. */
  readonly resolvers: readonly MediaResolver[];
  close(): void;
}

interface KeeperConfigs {
  readonly wrap: Pick<WrapConfig, 'source'>;
  readonly archive: ArchiveConfig;
}

/**
 * Makes no request to the platform.
 *
 * @throws `SOURCE_CLIENT_MISSING` without an OAuth client of its own; `SECRET_*`.
 */
export async function openSourceKeeper(
  { wrap, archive }: KeeperConfigs,
  { clock, logger }: { readonly clock: Clock; readonly logger: Logger },
  budget: Budget,
): Promise<OpenSourceKeeper> {
  if (wrap.source.credentials === undefined) {
    throw new ArchiveError('SOURCE_CLIENT_MISSING', 'no OAuth client may change anything at the platform');
  }
  const secrets = createSecretValues({ clock, logger, proxies: archive.proxies });
  const credentials = readClientCredentials(wrap.source.credentials, secrets);
  const others = [archive.genesys.credentials, archive.backfill.credentials];
  const { clientId } = await credentials(budget, false);
  for (const other of others) {
    if (other === undefined) continue;
    const used = await readClientCredentials(other, secrets)(budget, false);
    if (used.clientId !== clientId) continue;
    throw new ArchiveError(
      'SOURCE_CLIENT_MISSING',
      'the OAuth client for the source is the one that archives',
    );
  }
  const transport = createTransport({ timeouts: {}, proxies: archive.proxies });
  const open = (batch: boolean) =>
    createPlatform(
      { ...archive, recordings: { ...archive.recordings, batch, restoreArchived: false } },
      { credentials, transport, clock, logger },
    ).recordings;
  const { batch } = archive.recordings;
  const usual = open(batch);
  return {
    source: createSourceKeeper(gateChanges(usual.api, usual.pin)),
    resolvers: [usual.resolver, open(!batch).resolver],
    close: () => transport.close(),
  };
}
