import { clock } from '../format.ts';
import { asApiError, Failure } from '../ui/load.tsx';
import { Alert } from '../ui/status.tsx';
import type { Trouble } from './playback.ts';

interface TroubleProps {
  readonly trouble: Trouble;
  readonly onSeek: (at: number) => void;
}

/** Why there is no sound, and what to do. */
export function TroubleAlert({ trouble, onSeek }: TroubleProps) {
  switch (trouble.kind) {
    case 'refused':
      return <Failure error={asApiError(trouble.error)} what="the recording" />;
    case 'expired':
      return (
        <Alert kind="failed" title="The listen has expired">
          <p>Press Listen to go on; it is a new entry in the access log.</p>
        </Alert>
      );
    case 'media':
      return (
        <Alert kind="failed" title="This browser does not play the recording">
          <p>
            Everything that was sent had verified. Export the evidence package to play it elsewhere.{' '}
            {trouble.detail === '' ? null : <code>{trouble.detail}</code>}
          </p>
        </Alert>
      );
    case 'damaged':
      return (
        <Alert kind="damaged" title="A part of this recording is damaged; nothing of that part was played">
          <ul>
            {trouble.refused.map(({ span, code }) => (
              <li key={`${code}${span?.[0] ?? ''}`}>
                {span === undefined ? (
                  'place unknown'
                ) : (
                  <>
                    {clock(span[0])} to {clock(span[1])}{' '}
                    <button type="button" onClick={() => onSeek(span[1])}>
                      Play on after it
                    </button>
                  </>
                )}{' '}
                <code>{code}</code>
              </li>
            ))}
          </ul>
          <p>“Verify every byte” says what was found; report it as docs/runbook.md says.</p>
        </Alert>
      );
  }
}
