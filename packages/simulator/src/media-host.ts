import type { CataloguedRecording } from './catalogue.ts';
import { findFault } from './faults.ts';
import { errorReply } from './genesys-errors.ts';
import type { Reply } from './reply.ts';
import { matchRoute, MEDIA_ROUTES } from './routes.ts';
import type { Call, Service } from './service.ts';
import { checkLink, signLink, type LinkSigner } from './signed-link.ts';
import { present } from './present.ts';

export interface MediaHostOptions {
  readonly signer: LinkSigner;
  readonly find: (id: string) => CataloguedRecording | undefined;
}

/** Path of a recording's file on the media host. */
export function mediaPath(id: string): string {
  return `/genesys-media/${encodeURIComponent(id)}`;
}

/** The host the download links point to: answers as S3 does, and knows nothing of tokens. */
export function createMediaHost(options: MediaHostOptions): Service {
  return {
    server: 'media',
    match: (method, path) => matchRoute(MEDIA_ROUTES, method, path),
    unknown: (method) => errorReply('media-host', method === 'GET' || method === 'HEAD' ? 404 : 405),
    locate: ({ path }) => signLink(options.signer, path),
    handle(call) {
      if (call.request.headers.authorization !== undefined)
        return errorReply('media-host', 400, {
          code: 'InvalidArgument',
          // S3 repeats the header's value in its answer; a simulator has no reason to
          message:
            'Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query string ' +
            'parameter or the Authorization header should be specified',
        });
      const link = checkLink(options.signer, call.path, call.query);
      if (link === 'tampered')
        return errorReply('media-host', 403, {
          code: 'SignatureDoesNotMatch',
          message: 'The request signature we calculated does not match the signature you provided.',
        });
      if (link === 'expired') return errorReply('media-host', 403, { message: 'Request has expired' });
      const recording = call.match.id === undefined ? undefined : options.find(call.match.id);
      if (link === 'unsigned') return errorReply('media-host', 403);
      if (recording === undefined) return errorReply('media-host', 404);
      return serveFile(recording, call);
    },
  };
}

function serveFile(recording: CataloguedRecording, call: Call): Reply {
  const change = findFault(call.faults, 'change-etag');
  if (change?.etag === 'changed') recording.changeVersion();
  const etag = change?.etag === 'none' ? undefined : recording.etag;
  const { headers } = call.request;
  // a host without entity tags cannot check a condition on them
  if (etag !== undefined && headers['if-match'] !== undefined && !matchesTag(headers['if-match'], etag))
    return errorReply('media-host', 412);

  const ignoreRange =
    findFault(call.faults, 'no-range') !== undefined ||
    (typeof headers['if-range'] === 'string' && headers['if-range'] !== etag);
  const range = ignoreRange ? 'whole' : parseRange(headers.range, recording.bytes);
  if (range === 'unsatisfiable')
    return errorReply('media-host', 416, { headers: { 'content-range': `bytes */${recording.bytes}` } });

  const whole = range === 'whole';
  const first = whole ? 0 : range.first;
  const last = whole ? recording.bytes - 1 : range.last;
  return {
    status: whole ? 200 : 206,
    headers: {
      'content-type': recording.contentType,
      'last-modified': new Date(recording.startedAt).toUTCString(),
      'accept-ranges': 'bytes',
      ...present({ etag }),
      ...(whole ? {} : { 'content-range': `bytes ${first}-${last}/${recording.bytes}` }),
    },
    body: { length: last - first + 1, read: () => recording.read(first, last) },
  };
}

function matchesTag(header: string, etag: string): boolean {
  const tags = new Set(header.split(',').map((tag) => tag.trim()));
  return tags.has('*') || tags.has(etag);
}

/** One byte range (RFC 9110 section 14.1.2). Malformed or several: the whole file, as S3 does. */
export function parseRange(
  header: string | undefined,
  size: number,
): { readonly first: number; readonly last: number } | 'whole' | 'unsatisfiable' {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header ?? '');
  if (match === null) return 'whole';
  const [, from = '', to = ''] = match;
  if (from === '' && to === '') return 'whole';
  if (from === '') {
    const length = Math.min(Number(to), size);
    return length === 0 ? 'unsatisfiable' : { first: size - length, last: size - 1 };
  }
  const first = Number(from);
  const last = to === '' ? size - 1 : Math.min(Number(to), size - 1);
  if (to !== '' && Number(to) < first) return 'whole';
  return first >= size ? 'unsatisfiable' : { first, last };
}
