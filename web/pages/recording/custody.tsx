import type { ComponentChildren } from 'preact';
import type { RecordingDetail } from '../../api-types.ts';
import { bytesText } from '../../format.ts';
import { save } from '../../ui/download.ts';
import { Alert, Unknown } from '../../ui/status.tsx';
import { Time } from '../../ui/time.tsx';
import { type Custodial, custodyOf } from './receipt.ts';

/** The way of the recording into the archive, as its receipt states it. */
export function Custody({ detail }: { readonly detail: RecordingDetail }) {
  const receipt = custodyOf(detail.receipt);
  return (
    <section class="card" aria-label="Custody">
      <h2>Custody</h2>
      {receipt === undefined ? (
        <Alert kind="damaged" title="No receipt: what happened to this recording is not on record">
          <p>
            <code>genesys-archive archive --again ID</code> issues one if the platform has it.
          </p>
        </Alert>
      ) : (
        <ol class="custody">
          <Step title="Recorded">
            <Time at={receipt.recorded} />
          </Step>
          {receipt.kind === 'terminal' ? (
            <Step title="Not available at the platform">
              {receipt.reason ?? <Unknown>reason unknown</Unknown>}
            </Step>
          ) : (
            <Stored receipt={receipt} />
          )}
          <Step title="Receipt issued">
            <Time at={receipt.issued} /> by version {receipt.tool ?? <Unknown />},{' '}
            {receipt.signedBy === undefined ? (
              'not signed'
            ) : (
              <>
                signed with key <code>{receipt.signedBy}</code>
              </>
            )}
          </Step>
          {detail.links.length === 0 ? (
            <Step title="Reference at the platform">not written, or not known</Step>
          ) : (
            detail.links.map(({ key, written }) => (
              <Step key={key} title="Reference at the platform written">
                <Time at={written} />
              </Step>
            ))
          )}
          {detail.files.length < 2 ? null : (
            <Step title="Files">
              {detail.files.map((file) => (
                <span key={file.key}>
                  <code>{file.key}</code> version {file.version}, {file.state}
                  <br />
                </span>
              ))}
            </Step>
          )}
        </ol>
      )}
    </section>
  );
}

function Stored({ receipt }: { readonly receipt: Custodial }) {
  const {
    contentType,
    plainBytes,
    resumes,
    restarts,
    cipherBytes,
    format,
    wrap,
    keyId,
    store,
    key,
    version,
  } = receipt;
  return (
    <>
      <Step title={receipt.kind === 'adopted' ? 'Found in the archive' : 'Downloaded'}>
        {contentType ?? <Unknown>type unknown</Unknown>},{' '}
        {plainBytes === undefined ? <Unknown>size unknown</Unknown> : bytesText(plainBytes)}
        {resumes === undefined ? '' : `, resumed ${resumes}×, started over ${restarts ?? 0}×`}
      </Step>
      <Step title="Encrypted">
        {format ?? <Unknown>format unknown</Unknown>}
        {cipherBytes === undefined ? '' : `, ${bytesText(cipherBytes)}`}
        {wrap === undefined ? '' : `; data key wrapped by ${wrap}`}
        {keyId === undefined ? '' : `, key ${keyId}`}
      </Step>
      <Step title="Stored">
        <Time at={receipt.stored} /> in <code>{store ?? 'unknown'}</code>
        <br />
        <code>{key ?? 'unknown'}</code>
        {version === undefined ? '' : ` version ${version}`}
      </Step>
    </>
  );
}

interface StepProps {
  readonly title: string;
  readonly children: ComponentChildren;
}

function Step({ title, children }: StepProps) {
  return (
    <li>
      <strong>{title}</strong>
      <br />
      {children}
    </li>
  );
}

/** The receipt as it stands. */
export function ReceiptText({ receipt }: { readonly receipt: RecordingDetail['receipt'] }) {
  if (receipt === null) return null;
  const text = JSON.stringify(receipt, null, 2);
  return (
    <details class="card">
      <summary>
        <h2>Receipt</h2>
      </summary>
      <button type="button" onClick={() => save('receipt.json', 'application/json', text)}>
        Save the receipt
      </button>
      <pre class="scroll" tabIndex={0} aria-label="Receipt as text">
        {text}
      </pre>
    </details>
  );
}
