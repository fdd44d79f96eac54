/** Why each request of our own pipeline is made: no guarantee, no request. */
import type { ComparedVariant } from '../parts/throughput.ts';
import type { Table } from './cells.ts';

const WHY: Readonly<Record<string, string>> = {
  'POST token': 'the OAuth token, kept for as long as it is good',
  'GET media object': 'the signed link to the file',
  'GET media file': 'the recording',
  'HEAD tombstone': 'was the recording erased; asked while the download begins',
  'PUT key record': 'the wrapped data key, where ARCHIVE_KEY_PLACEMENT=records',
  'PATCH interaction': 'the reference on the platform',
  'PUT recording': 'the object, unless one stands there',
  'POST create upload': 'the upload, where the object is larger than a part',
  'PUT part': 'the parts of it',
  'POST complete upload': 'the object, unless one stands there',
  'HEAD recording': 'is what S3 holds what was sent',
  'PUT receipt': 'the receipt, unless one stands there',
  'HEAD receipt': 'is what S3 holds what was sent',
  'HEAD link marker': 'is the reference written already; is what S3 holds what was sent',
  'PUT link marker': 'that the reference has been written, so that no redelivery writes it again',
};

/** One row for each kind of request that `row` needed. */
export function requestsWithReasons({ requests }: Pick<ComparedVariant, 'requests'>): Table {
  return {
    header: ['request', 'times', 'what for'],
    rows: Object.entries(requests)
      .filter(([, times]) => times > 0)
      .map(([kind, times]) => [
        kind,
        Number.isInteger(times) ? String(times) : times.toFixed(2),
        WHY[kind] ?? '',
      ]),
  };
}

/** Kinds of requests nobody has given a reason for; a test keeps this empty. */
export function unexplained({ requests }: Pick<ComparedVariant, 'requests'>): string[] {
  return Object.keys(requests).filter((kind) => WHY[kind] === undefined);
}
