import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { postJson } from '../api.ts';
import type { EvidenceBody, EvidenceGranted, HoldBody, PlacedHold } from '../api-types.ts';
import { counted } from '../format.ts';
import { useSession } from '../session.ts';
import { useAction } from '../ui/action.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { TextField } from '../ui/field.tsx';

/** Recordings of one evidence package. */
const MAX_EVIDENCE = 100;

interface DialogProps {
  readonly ids: readonly string[];
  readonly onClose: () => void;
}

interface FormDialogProps {
  readonly title: string;
  /** Words of the button. */
  readonly submit: string;
  readonly canSubmit: boolean;
  /** What was asked for is there: only closing is left. */
  readonly isDone: boolean;
  readonly onSubmit: () => Promise<unknown>;
  readonly onClose: () => void;
  readonly children: ComponentChildren;
}

function FormDialog({ title, submit, canSubmit, isDone, onSubmit, onClose, children }: FormDialogProps) {
  return (
    <Dialog title={title} onClose={onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void onSubmit();
        }}
      >
        {children}
        <div class="actions">
          {isDone ? null : (
            <button type="submit" class="primary" disabled={!canSubmit}>
              {submit}
            </button>
          )}
          <button type="button" onClick={onClose}>
            {isDone ? 'Close' : 'Cancel'}
          </button>
        </div>
      </form>
    </Dialog>
  );
}

export function HoldDialog({ ids, onClose, onHeld }: DialogProps & { readonly onHeld?: () => void }) {
  const { archive } = useSession();
  const [matter, setMatter] = useState('');
  const [reason, setReason] = useState('');
  const { run, isRunning, done, report } = useAction<PlacedHold>('the hold');
  const place = () =>
    run(async () => {
      const body: HoldBody = {
        ...(archive !== undefined && { archive }),
        matter: matter.trim(),
        ...(reason.trim() !== '' && { reason: reason.trim() }),
        recordings: [...ids],
      };
      const placed = await postJson<PlacedHold>('/api/holds', body);
      onHeld?.();
      return placed;
    });
  return (
    <FormDialog
      title={`Hold ${counted(ids.length, 'recording')}`}
      submit="Place the hold"
      canSubmit={!isRunning && matter.trim() !== ''}
      isDone={done !== undefined}
      onSubmit={place}
      onClose={onClose}
    >
      <p>
        Recordings on hold are kept: neither retention nor erasure removes them until the hold is released.
      </p>
      <TextField label="Matter" value={matter} onInput={setMatter} required hint="case or matter number" />
      <TextField label="Reason" value={reason} onInput={setReason} />
      {report}
      {done && <Placed hold={done} />}
    </FormDialog>
  );
}

function Placed({ hold: { id, objects, removable, erased } }: { readonly hold: PlacedHold }) {
  return (
    <>
      <p role="status">
        Hold <code>{id}</code> is on {counted(objects, 'object')}.
      </p>
      {removable === 0 ? null : (
        <p role="alert">
          {counted(removable, 'object')} may bear a tag by which the bucket removes them. Have it taken off
          today: <code>genesys-archive retain apply --hold {id}</code>
        </p>
      )}
      {erased === 0 ? null : (
        <p role="alert">
          {counted(erased, 'object')} were erased, or are being erased: that began before the hold, which does
          not keep them.
        </p>
      )}
    </>
  );
}

export function EvidenceDialog({ ids, onClose }: DialogProps) {
  const { archive } = useSession();
  const [reason, setReason] = useState('');
  const [decrypted, setDecrypted] = useState(false);
  const { run, isRunning, done, report } = useAction<EvidenceGranted>('the export');
  const tooMany = ids.length > MAX_EVIDENCE;
  const grant = () =>
    run(() => {
      const body: EvidenceBody = {
        ...(archive !== undefined && { archive }),
        recordings: [...ids],
        reason: reason.trim(),
        decrypted,
      };
      return postJson<EvidenceGranted>('/api/evidence', body);
    });
  return (
    <FormDialog
      title={`Export ${counted(ids.length, 'recording')}`}
      submit={isRunning ? 'Collecting …' : 'Make the package'}
      canSubmit={!isRunning && !tooMany && reason.trim() !== ''}
      isDone={done !== undefined}
      onSubmit={grant}
      onClose={onClose}
    >
      <p>
        The package is a ZIP with the recordings, their receipts and proofs, and a script that verifies it
        with OpenSSL alone. The export is on record before it starts.
      </p>
      <TextField
        label="Reason"
        value={reason}
        onInput={setReason}
        required
        hint="is kept in the access log"
      />
      <label class="check">
        <input
          type="checkbox"
          checked={decrypted}
          onChange={({ currentTarget }) => setDecrypted(currentTarget.checked)}
        />{' '}
        Also decrypted, for a recipient without keys
      </label>
      {tooMany ? (
        <p role="alert">At most {MAX_EVIDENCE} recordings go into one package: choose fewer.</p>
      ) : null}
      {report}
      {done === undefined ? null : (
        <p role="status">
          The package is ready:{' '}
          <a class="button primary" href={done.download} download>
            Download the package
          </a>
        </p>
      )}
    </FormDialog>
  );
}
