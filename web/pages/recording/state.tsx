import type { RecordingRow } from '../../api-types.ts';
import { Badge, type Tone } from '../../ui/status.tsx';

const TONES: Readonly<Record<RecordingRow['state'], Tone>> = {
  archived: 'good',
  missing: 'bad',
  unreceipted: 'bad',
  gone: 'plain',
  quarantined: 'hold',
  erased: 'plain',
  expired: 'plain',
};

export function State({ row }: { readonly row: RecordingRow }) {
  return (
    <>
      <Badge tone={TONES[row.state]}>{row.state}</Badge>
      {row.kind === 'adopted' ? <Badge tone="plain">adopted</Badge> : null}
      {row.held ? <Badge tone="hold">on hold</Badge> : null}
    </>
  );
}
