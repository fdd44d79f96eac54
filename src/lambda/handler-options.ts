import type { DeliveryHints } from '../archive/archive-request.ts';
import type { Budget, Clock } from '../clock.ts';
import type { ArchiveConfig } from '../config/config.ts';
import type { Archiver } from '../create/archiver.ts';
import type { Logger } from '../log.ts';
import type { MessageQueue } from '../queue/message-queue.ts';
import type { Secret } from '../secret.ts';
import type { Metrics } from './metrics.ts';

/** What the archiving function needs of the world. */
export interface HandlerOptions {
  readonly archiver: Pick<Archiver, 'archive'>;
  readonly config: Pick<ArchiveConfig, 'webhook' | 'idPattern'> & {
    readonly genesys?: Pick<ArchiveConfig['genesys'], 'api'>;
    readonly queues?: ArchiveConfig['queues'];
    readonly rateShare?: number;
  };
  /** The active secrets of the HTTP entry, as they are now; default those of the configuration. */
  readonly webhookSecrets?: (budget: Budget) => Promise<readonly Secret[]>;
  /** For batches: puts messages off and hands on hopeless ones. Without it both stay where they are. */
  readonly queue?: MessageQueue | undefined;
  /** Set for each invocation. */
  readonly afterwards?: DeliveryHints['afterwards'];
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics?: Metrics;
  /** Memory of the function, MiB, where it is known. */
  readonly memoryMb?: number | undefined;
  /** An unsigned HTTP entry is refused there unless the configuration opens it explicitly. */
  readonly onLambda: boolean;
}
