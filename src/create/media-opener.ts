/** Wires what downloads the files of recordings, from hosts that are allowed alone. */
import type { Clock } from '../clock.ts';
import type { ArchiveConfig } from '../config/config.ts';
import { createMediaOpener } from '../genesys/media/download.ts';
import { mediaPolicy } from '../genesys/media/hosts.ts';
import type { HttpTimeouts } from '../http/timeouts.ts';
import { createTransport } from '../http/transport.ts';
import type { Logger } from '../log.ts';
import type { MediaOpener } from '../ports.ts';

/** Bytes read at a time of a download. docs/decisions/010 */
const MEDIA_READ_BYTES = 512 * 1024;

export interface MediaTools {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly timeouts?: Partial<HttpTimeouts>;
}

/** Makes no request. */
export function openMedia(
  config: ArchiveConfig,
  { clock, logger, timeouts = {} }: MediaTools,
): { readonly opener: MediaOpener; close(): void } {
  const transport = createTransport({
    timeouts,
    readBytes: MEDIA_READ_BYTES,
    guard: { allowLoopback: config.allowLoopback },
    proxies: config.proxyMedia ? config.proxies : undefined,
  });
  const places = { ...config, environment: config.genesys.environment, regions: config.mediaRegions };
  const opener = createMediaOpener({ transport, policy: (item) => mediaPolicy(places, item), clock, logger });
  return { opener, close: () => transport.close() };
}
