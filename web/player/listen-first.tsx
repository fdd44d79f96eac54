import { useState } from 'preact/hooks';
import type { RecordingFile } from '../api-types.ts';
import { useSession } from '../session.ts';
import { TextField } from '../ui/field.tsx';

interface ListenFirstProps {
  readonly file: RecordingFile;
  readonly isAsking: boolean | undefined;
  readonly onListen: (reason: string) => void;
}

/** Before the first sound: whether it can be played at all, the reason where one is required, and the button. */
export function ListenFirst({ file, isAsking, onListen }: ListenFirstProps) {
  const { me, can } = useSession();
  const [reason, setReason] = useState('');
  const obstacle = can('listen') ? obstacleOf(file) : 'Your roles do not include listening.';
  if (obstacle !== undefined) return <p class="obstacle">{obstacle}</p>;
  return (
    <form
      class="listen"
      onSubmit={(event) => {
        event.preventDefault();
        onListen(reason.trim());
      }}
    >
      <TextField
        label="Reason to listen"
        value={reason}
        onInput={setReason}
        required={me.reasonRequired}
        hint={
          me.reasonRequired ? 'required; is kept in the access log' : 'optional; is kept in the access log'
        }
      />
      <button
        type="submit"
        class="primary"
        disabled={isAsking || (me.reasonRequired && reason.trim() === '')}
      >
        {isAsking ? 'Recording the listen …' : 'Listen'}
      </button>
      <p class="hint">
        The listen goes on record before the first sound.
        {file.seekable === 'whole'
          ? ' Without signed leaves, sound waits until the whole object is checked.'
          : ''}
      </p>
    </form>
  );
}

/** Why it cannot be played, before a listen is recorded. */
function obstacleOf({ playable, format, contentType, state }: RecordingFile): string | undefined {
  const name = format ?? contentType ?? 'this format';
  if (playable === 'format')
    return `No browser plays ${name}. Export the evidence package and play it elsewhere.`;
  if (playable === 'no-key') return 'The console has no key that opens this recording.';
  if (playable === 'no-object') return `There is no object to play: the recording is ${state}.`;
  if (contentType?.startsWith('audio/') === true && new Audio().canPlayType(contentType) === '') {
    return `This browser does not play ${name}. Use another one, or export the evidence package.`;
  }
  return undefined;
}
