import { localText, localZone, utcText } from '../format.ts';
import { Unknown } from './status.tsx';

const zone = localZone();

/** A time in UTC, and that of this browser beside it. */
export function Time({ at }: { readonly at: string | undefined }) {
  const ms = at === undefined ? Number.NaN : Date.parse(at);
  if (at === undefined || Number.isNaN(ms)) return <Unknown />;
  const isUtc = zone === 'UTC' || zone === 'Etc/UTC';
  return (
    <time dateTime={at} class="time">
      {utcText(ms)}
      {isUtc ? null : <span class="local"> {localText(ms, zone)} here</span>}
    </time>
  );
}
