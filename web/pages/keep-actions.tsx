import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { counted } from '../format.ts';
import { useSession } from '../session.ts';

type Dialogs = typeof import('./keep-dialogs.tsx');

interface ActionsProps {
  /** Of recordings. */
  readonly ids: readonly string[];
  /** Whether they were chosen among others. */
  readonly isChoice?: boolean;
  readonly children?: ComponentChildren;
  readonly onHeld?: () => void;
}

/** What can be done with the chosen recordings: hold, export. */
export function KeepActions({ ids, isChoice = false, children, onHeld }: ActionsProps) {
  const { can } = useSession();
  const [open, setOpen] = useState<'hold' | 'export'>();
  const [dialogs, setDialogs] = useState<Dialogs>();
  const close = () => setOpen(undefined);
  const show = async (dialog: 'hold' | 'export') => {
    setDialogs(await import('./keep-dialogs.tsx'));
    setOpen(dialog);
  };
  const none = ids.length === 0;
  return (
    <div class="actions">
      {isChoice && (can('hold') || can('export')) ? (
        <span role="status">
          {none ? 'Choose recordings to hold or export' : `${counted(ids.length, 'recording')} chosen`}
        </span>
      ) : null}
      {can('hold') ? (
        <button type="button" disabled={none} onClick={() => void show('hold')}>
          Place a hold
        </button>
      ) : null}
      {can('export') ? (
        <button type="button" disabled={none} onClick={() => void show('export')}>
          Export evidence
        </button>
      ) : null}
      {children}
      {dialogs !== undefined && open === 'hold' ? (
        <dialogs.HoldDialog ids={ids} onClose={close} {...(onHeld && { onHeld })} />
      ) : null}
      {dialogs !== undefined && open === 'export' ? (
        <dialogs.EvidenceDialog ids={ids} onClose={close} />
      ) : null}
    </div>
  );
}
