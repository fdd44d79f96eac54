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
    <Dialog title={`Hold ${counted(ids.length, 'recording')}`} onClose={onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void place();
        }}
      >
        <p>
          Recordings on hold are kept: neither retention nor erasure removes them until the hold is released.
        </p>
        <TextField label="Matter" value={matter} onInput={setMatter} required hint="case or matter number" />
        <TextField label="Reason" value={reason} onInput={setReason} />
        {report}
        {done === undefined ? null : (
          <>
            <p role="status">
              Hold <code>{done.id}</code> is on {counted(done.objects, 'object')}.
            </p>
            {done.removable === 0 ? null : (
              <p role="alert">
                {counted(done.removable, 'object')} may bear a tag by which the bucket removes them. Have it
                taken off today: <code>genesys-archive retain apply --hold {done.id}</code>
              </p>
            )}
            {done.erased === 0 ? null : (
              <p role="alert">
                {counted(done.erased, 'object')} were erased, or are being erased: that began before the hold,
                which does not keep them.
              </p>
            )}
          </>
        )}
        <div class="actions">
          {done === undefined ? (
            <button type="submit" class="primary" disabled={isRunning || matter.trim() === ''}>
              Place the hold
            </button>
          ) : null}
          <button type="button" onClick={onClose}>
            {done === undefined ? 'Cancel' : 'Close'}
          </button>
        </div>
      </form>
    </Dialog>
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
    <Dialog title={`Export ${counted(ids.length, 'recording')}`} onClose={onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void grant();
        }}
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
        <div class="actions">
          {done === undefined ? (
            <button type="submit" class="primary" disabled={isRunning || tooMany || reason.trim() === ''}>
              {isRunning ? 'Collecting …' : 'Make the package'}
            </button>
          ) : null}
          <button type="button" onClick={onClose}>
            {done === undefined ? 'Cancel' : 'Close'}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
