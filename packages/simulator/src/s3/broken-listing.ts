import type { S3Answer } from './call.ts';

/**
 * What a listing says instead of the truth, always with status 200.
 *
 * `no-token`: more follows, and no word of where. `same-token`: every page is the first, and names the same next one. `empty-pages`: no
 * page names a key, and each another next one. `empty`, `html`, `other-xml`: no listing at all. `cut`: the document ends in its middle.
 * `other-bucket`, `other-prefix`: an answer to another question. `outside-prefix`, `descending`, `fewer`: keys that were not asked for,
 * in another order than S3's, or fewer than are counted.
 */
export type BrokenListing =
  | 'no-token'
  | 'same-token'
  | 'empty-pages'
  | 'empty'
  | 'html'
  | 'other-xml'
  | 'cut'
  | 'other-bucket'
  | 'other-prefix'
  | 'outside-prefix'
  | 'descending'
  | 'fewer';

/** Of both listings: of objects, and of multipart uploads. */
const ENTRY = /<(Contents|Upload)>.*?<\/\1>/gs;
const TOKENS = /<(?:NextContinuationToken|NextKeyMarker|NextUploadIdMarker)>.*?<\/[^>]*>/g;

/** The parameters of a page that is not the first. */
export const PAGE_PARAMETERS = ['continuation-token', 'key-marker', 'upload-id-marker'];

let pages = 0;

export function breakListing(answer: S3Answer, how: BrokenListing): S3Answer {
  const body = typeof answer.body === 'string' ? answer.body : '';
  return { ...answer, body: breakDocument(body, how) };
}

function breakDocument(body: string, how: BrokenListing): string {
  switch (how) {
    case 'no-token':
      return truncated(body, '');
    case 'same-token':
      return truncated(body, 'same');
    case 'empty-pages':
      pages += 1;
      return count(truncated(body.replaceAll(ENTRY, ''), `page-${pages}`), 0);
    case 'empty':
      return '';
    case 'html':
      return '<!DOCTYPE html>\n<html><head><title>Sign in</title></head><body><p>Welcome</p></body></html>';
    case 'other-xml':
      return '<?xml version="1.0" encoding="UTF-8"?>\n<ListVersionsResult><IsTruncated>false</IsTruncated></ListVersionsResult>';
    case 'cut':
      return body.slice(0, Math.floor(body.length / 2));
    case 'other-bucket':
      return body.replace(/<(Name|Bucket)>[^<]*</, '<$1>another-bucket<');
    case 'other-prefix':
      return body.replace(/<Prefix>[^<]*<\/Prefix>/, '<Prefix>another/</Prefix>');
    case 'outside-prefix':
      return body.replaceAll(/<Key>[^<]*</g, (_, at) => `<Key>~outside/${String(at).padStart(8, '0')}<`);
    case 'descending':
      return reversed(body);
    case 'fewer':
      return body.replace(/<Contents>.*?<\/Contents>/s, '');
  }
}

function truncated(body: string, token: string): string {
  const more =
    token === ''
      ? ''
      : `<NextContinuationToken>${token}</NextContinuationToken><NextKeyMarker>${token}</NextKeyMarker>`;
  return body
    .replaceAll(TOKENS, '')
    .replace(/<IsTruncated>[^<]*<\/IsTruncated>/, `<IsTruncated>true</IsTruncated>${more}`);
}

const count = (body: string, keys: number) => body.replace(/<KeyCount>\d+</, `<KeyCount>${keys}<`);

function reversed(body: string): string {
  const entries = [...body.matchAll(ENTRY)].map(([entry]) => entry).toReversed();
  let at = 0;
  return body.replaceAll(ENTRY, () => entries[at++] ?? '');
}
