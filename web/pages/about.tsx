import { getJson, postJson } from '../api.ts';
import type { About as Shape } from '../api-types.ts';
import { Heading } from '../frame.tsx';
import { useSession } from '../session.ts';
import { useAction } from '../ui/action.tsx';
import { Show, useLoad } from '../ui/load.tsx';
import { Facts } from '../ui/status.tsx';
import { Time } from '../ui/time.tsx';

/** What runs here, on which store, with which keys. */
export function About() {
  const load = useLoad('', (signal) => getJson<Shape>('/api/about', {}, signal));
  return (
    <>
      <Heading title="About" />
      <YourSession />
      <Show load={load} what="what runs here">
        {(about) => (
          <>
            {about.archives.map((one) => (
              <Archive key={one.name ?? ''} archive={one} />
            ))}
            <Software about={about} />
          </>
        )}
      </Show>
    </>
  );
}

function YourSession() {
  const { me } = useSession();
  return (
    <section class="card" aria-label="Your session">
      <h2>Your session</h2>
      <Facts
        items={[
          ['Name', me.name],
          ['Signed in', me.signIn === 'launch' ? 'on this machine, by its address' : 'by the provider'],
          ['Roles', me.signIn === 'launch' ? 'all' : me.roles.join(', ') || 'none'],
          ['May', me.grants.join(', ') || 'nothing'],
          ['Divisions', me.divisions === '*' ? 'all' : me.divisions.join(', ') || 'none'],
          ['Ends', <Time key="ends" at={me.expiresAt} />],
        ]}
      />
      <SignOut />
    </section>
  );
}

function Archive({ archive }: { readonly archive: Shape['archives'][number] }) {
  const { name, warnings } = archive;
  return (
    <section class="card" aria-label={`Archive ${name ?? ''}`}>
      <h2>{name === undefined ? 'Archive' : `Archive ${name}`}</h2>
      {warnings.length === 0 ? null : (
        <ul class="alert failed">
          {warnings.map((warning) => (
            <li key={warning}>{warning}</li>
          ))}
        </ul>
      )}
      <Facts
        items={[
          ['Store', <code key="store">{archive.store}</code>],
          ['Catalogue', <code key="catalogue">{archive.catalogue}</code>],
          ['Organization', archive.organization],
          ['Can decrypt', archive.reads ? 'yes' : 'no: no reading key is configured'],
          ['Keys of receipts', archive.receiptKeys.join(', ') || 'none'],
          ['Keys of the log', archive.logKeys.join(', ') || 'none'],
        ]}
      />
    </section>
  );
}

function Software({ about: { version, node, licences } }: { readonly about: Shape }) {
  return (
    <section class="card" aria-label="Software">
      <h2>Software</h2>
      <Facts
        items={[
          ['Version', version],
          ['Node.js', node],
        ]}
      />
      <details>
        <summary>Licences</summary>
        <ul>
          {licences.map(({ name, version: of, licence }) => (
            <li key={name}>
              {name} {of}, {licence}
            </li>
          ))}
        </ul>
      </details>
    </section>
  );
}

function SignOut() {
  const { run, isRunning, report } = useAction<void>('the sign-out');
  return (
    <>
      <button
        type="button"
        disabled={isRunning}
        onClick={() =>
          void run(async () => {
            await postJson('/auth/logout', {});
            location.reload();
          })
        }
      >
        Sign out
      </button>
      {report}
    </>
  );
}
