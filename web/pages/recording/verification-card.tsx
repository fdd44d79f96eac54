import { useState } from 'preact/hooks';
import { getJson } from '../../api.ts';
import type { Verification } from '../../api-types.ts';
import { useSession } from '../../session.ts';
import { useAction } from '../../ui/action.tsx';
import { Show, useLoad } from '../../ui/load.tsx';
import { Alert, Badge } from '../../ui/status.tsx';
import { Time } from '../../ui/time.tsx';

interface VerificationProps {
  readonly recording: string;
  readonly channel: string | undefined;
}

type Depth = Verification['depth'];

const SAID: Readonly<Record<Depth, string>> = {
  head: 'object and receipt were compared, without reading the object',
  ciphertext: 'every stored byte was read and compared with the receipt',
  full: 'every byte was read, decrypted and compared with the receipt',
};

/** Now: the object against its receipt. On a press: every byte. */
export function VerificationCard({ recording, channel }: VerificationProps) {
  const { archive } = useSession();
  const ask = (depth: Depth, signal?: AbortSignal) =>
    getJson<Verification>(
      `/api/recordings/${encodeURIComponent(recording)}/verification`,
      { archive, channel, depth },
      signal,
    );
  const now = useLoad(`${recording}/${channel ?? ''}`, (signal) => ask('head', signal));
  const [asked, setAsked] = useState<Depth>();
  const { run, isRunning, done, report } = useAction<Verification>('the verification');
  const verify = (depth: Depth) => {
    setAsked(depth);
    void run(() => ask(depth));
  };
  return (
    <section class="card" aria-label="Verification">
      <h2>Verification</h2>
      <Show load={now} what="the verification">
        {(result) => <Verdict result={done ?? result} />}
      </Show>
      {isRunning ? (
        <p role="status">{asked === 'full' ? 'Decrypting and comparing …' : 'Reading every byte …'}</p>
      ) : (
        report
      )}
      <div class="actions">
        <button type="button" disabled={isRunning} onClick={() => verify('ciphertext')}>
          Verify every byte
        </button>
        <button type="button" disabled={isRunning} onClick={() => verify('full')}>
          Decrypt and verify
        </button>
      </div>
    </section>
  );
}

function Verdict({
  result: { verdict, findings, depth, checkedAt, ms, signedBy },
}: {
  readonly result: Verification;
}) {
  const details = (
    <p>
      {SAID[depth]}, <Time at={checkedAt} />, in {Math.max(1, Math.round(ms))} ms
      {signedBy === undefined ? (
        ''
      ) : (
        <>
          ; receipt signed with <code>{signedBy}</code>
        </>
      )}
    </p>
  );
  if (verdict === 'findings') {
    return (
      <Alert kind="damaged" title="This recording does not match its receipt">
        <ul>
          {findings.map(({ kind, detail }) => (
            <li key={kind + detail}>
              <code>{kind}</code> {detail}
            </li>
          ))}
        </ul>
        {details}
      </Alert>
    );
  }
  return (
    <div role="status">
      <p>
        {verdict === 'verified' ? (
          <Badge tone="good">{depth === 'head' ? 'receipt verified' : 'every byte verified'}</Badge>
        ) : (
          <>
            <Badge tone="wait">not signed</Badge> the object matches its receipt, and no signature vouches for
            the receipt
          </>
        )}
      </p>
      {details}
    </div>
  );
}
