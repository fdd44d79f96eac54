import type { Budget, Clock } from '../../clock.ts';
import { ArchiveError } from '../../errors.ts';
import { isTransientStatus, MEDIA_RETRIES, nextDelay, parseRetryAfter } from '../../http/retry-timing.ts';
import type { HttpResponse, Transport } from '../../http/transport.ts';
import { checkUrl, type UrlPolicy } from '../../http/url-guard.ts';
import { type Attempt, withRetry } from '../../http/with-retry.ts';
import type { Logger } from '../../log.ts';
import { isTextType } from '../../media-content.ts';
import { type MediaItem, type MediaOpener, MediaRestart, type MediaStream } from '../../ports.ts';
import { versionOf, isChunked, refusePages, type Version } from './response.ts';
import { present } from '../../present.ts';

/** A signed link may be redirected to its region; more hops than this are a loop. */
const MAX_REDIRECTS = 3;

/** A download that drops more often than this goes back to the queue. */
export const MAX_RESUMES = 5;

export interface DownloadOptions {
  readonly transport: Transport;
  /** Where a file may come from; by its own region where that decides. May throw `URL_REFUSED`. */
  readonly policy: UrlPolicy | ((item: MediaItem) => UrlPolicy);
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * Downloads signed links, without the bearer token, resuming dropped connections with `Range` and `If-Match`.
 *
 * A resume continues the very same bytes or does not happen: another ETag, none at all, or a host that ignores `Range` ends
 * the iteration with {@link MediaRestart}.
 */
export function createMediaOpener(options: DownloadOptions): MediaOpener {
  return {
    async open(item, refresh, budget): Promise<MediaStream> {
      const download = new Download(options, item, refresh, budget);
      const first = await download.request(undefined);
      const stated = versionOf(first);
      const version = {
        ...stated,
        contentLength: stated.contentLength ?? (await download.probeLength(stated)),
      };
      const chunks = download.chunks(first, version);
      return {
        ...version,
        isFramed: version.contentLength !== undefined || isChunked(first),
        chunks: isTextType(version.contentType) ? refusePages(chunks, item, version.contentType) : chunks,
        resumes: () => download.resumes,
      };
    },
  };
}

class Download {
  resumes = 0;
  #url: string;
  readonly #options: DownloadOptions;
  #item: MediaItem;
  readonly #refresh: () => Promise<MediaItem>;
  readonly #budget: Budget;

  constructor(options: DownloadOptions, item: MediaItem, refresh: () => Promise<MediaItem>, budget: Budget) {
    this.#options = options;
    this.#item = item;
    this.#refresh = refresh;
    this.#budget = budget;
    this.#url = item.url;
  }

  /** One response with status 200 or 206; a refused link is fetched anew once. */
  async request(range: { from: number; etag: string } | undefined): Promise<HttpResponse> {
    const { clock, logger } = this.#options;
    const context = { clock, logger, budget: this.#budget, policy: MEDIA_RETRIES, what: 'download' };
    let refreshed = false;
    return withRetry(context, async (): Promise<Attempt<HttpResponse>> => {
      for (;;) {
        const outcome = await this.#follow(range);
        if (!('expired' in outcome)) return outcome;
        if (refreshed) {
          throw new ArchiveError(
            'MEDIA_LINK_EXPIRED',
            `the media host refused a fresh link (${outcome.expired})`,
            {
              details: { status: outcome.expired },
            },
          );
        }
        refreshed = true;
        logger.log('debug', 'download link refused, fetching a new one', {
          recordingId: this.#item.ids.recordingId,
          status: outcome.expired,
        });
        this.#item = await this.#refresh();
        this.#url = this.#item.url;
      }
    });
  }

  #policy(): UrlPolicy {
    const { policy } = this.#options;
    return typeof policy === 'function' ? policy(this.#item) : policy;
  }

  async #follow(
    range: { from: number; etag: string } | undefined,
  ): Promise<Attempt<HttpResponse> | { expired: number }> {
    const { transport, clock } = this.#options;
    const policy = this.#policy();
    let target = this.#url;
    for (let hop = 0; ; hop += 1) {
      const url = checkUrl(target, policy);
      let response: HttpResponse;
      try {
        response = await transport.send({
          method: 'GET',
          url,
          headers: {
            'accept-encoding': 'identity',
            ...present({
              range: range === undefined ? undefined : `bytes=${range.from}-`,
              'if-match': range?.etag,
            }),
          },
          signal: this.#budget.signal,
          failure: 'MEDIA_UNAVAILABLE',
        });
      } catch (error) {
        if (error instanceof ArchiveError && error.code === 'MEDIA_UNAVAILABLE') return { again: error };
        throw error;
      }
      const { status, headers } = response;
      if (status === 200 || status === 206) return { value: response };
      response.discard();
      if (range !== undefined && (status === 412 || status === 416))
        throw new MediaRestart('another version');
      const location = headers['location'];
      if (status >= 300 && status < 400 && location !== undefined) {
        if (hop >= MAX_REDIRECTS) throw unavailable(url.host, status, 'too many redirects');
        target = absolute(location, url);
        continue;
      }
      // S3 answers an expired signature with 403, some hosts with 401 or 410
      if (status === 401 || status === 403 || status === 404 || status === 410) return { expired: status };
      if (isTransientStatus(status)) {
        return {
          again: unavailable(url.host, status),
          retryAfterMs: parseRetryAfter(headers['retry-after'], clock.now()),
        };
      }
      throw unavailable(url.host, status);
    }
  }

  /**
   * A response without `Content-Length` may end early unnoticed. Hosts that know ranges state the total in the `Content-Range`
   * of a request for one byte (RFC 9110, section 14.4).
   */
  async probeLength(version: Version): Promise<number | undefined> {
    const { transport } = this.#options;
    try {
      const response = await transport.send({
        method: 'GET',
        url: checkUrl(this.#url, this.#policy()),
        headers: { 'accept-encoding': 'identity', range: 'bytes=0-0' },
        signal: this.#budget.signal,
        failure: 'MEDIA_UNAVAILABLE',
      });
      response.discard();
      const total = contentRange(response)?.total;
      return response.status === 206 && response.headers['etag'] === version.etag ? total : undefined;
    } catch (error) {
      if (error instanceof ArchiveError && error.code === 'MEDIA_UNAVAILABLE') return undefined;
      throw error;
    }
  }

  async *chunks(first: HttpResponse, version: Version): AsyncGenerator<Uint8Array, void, undefined> {
    let response = first;
    let delivered = 0;
    for (;;) {
      let broken: ArchiveError;
      try {
        for await (const chunk of response.body) {
          delivered += chunk.byteLength;
          yield chunk;
        }
        if (version.contentLength === undefined || delivered >= version.contentLength) return;
        broken = unavailable(new URL(this.#url).host, 200, 'the body ended early');
      } catch (error) {
        if (!(error instanceof ArchiveError) || error.code !== 'MEDIA_UNAVAILABLE') throw error;
        broken = error;
      }
      response = await this.#resume(delivered, version, broken);
    }
  }

  async #resume(delivered: number, version: Version, broken: ArchiveError): Promise<HttpResponse> {
    const { clock, logger } = this.#options;
    this.resumes += 1;
    if (this.resumes > MAX_RESUMES) throw broken;
    if (!isStrong(version.etag)) throw new MediaRestart('no strong ETag to resume by');
    const decision = nextDelay(MEDIA_RETRIES, {
      failures: this.resumes,
      now: clock.now(),
      deadline: this.#budget.deadline,
      random: clock.random(),
    });
    if (!decision.retry) throw broken;
    await clock.sleep(decision.delayMs, this.#budget.signal);
    logger.log('debug', 'resuming the download', {
      recordingId: this.#item.ids.recordingId,
      bytes: delivered,
      attempt: this.resumes,
    });
    const response = await this.request({ from: delivered, etag: version.etag });
    const range = contentRange(response);
    const continues =
      response.status === 206 &&
      range?.first === delivered &&
      response.headers['etag'] === version.etag &&
      (version.contentLength === undefined || range.total === version.contentLength);
    if (!continues) {
      response.discard();
      throw new MediaRestart('the host did not continue the same file');
    }
    return response;
  }
}

/** Weak validators do not promise the same bytes (RFC 9110, section 8.8.1), so a range cannot be continued by them. */
function isStrong(etag: string | undefined): etag is string {
  return etag !== undefined && /^"[^"]*"$/.test(etag);
}

function contentRange(response: HttpResponse): { first: number; total: number } | undefined {
  const match = /^bytes (\d{1,15})-\d{1,15}\/(\d{1,15})$/.exec(response.headers['content-range'] ?? '');
  return match === null ? undefined : { first: Number(match[1]), total: Number(match[2]) };
}

function absolute(location: string, base: URL): string {
  try {
    return new URL(location, base).href;
  } catch {
    return '';
  }
}

function unavailable(host: string, status: number, why = `answered ${status}`): ArchiveError {
  return new ArchiveError('MEDIA_UNAVAILABLE', `${host}: ${why}`, { details: { host, status } });
}
