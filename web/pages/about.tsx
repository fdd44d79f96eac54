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
  const { me } = useSession();
  const load = useLoad('', (signal) => getJson<Shape>('/api/about', {}, signal));
  return (
    <>
      <Heading title="About" />
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
      <Show load={load} what="what runs here">
        {({ version, node, archives, licences }) => (
          <>
            {archives.map((one) => (
              <section key={one.name ?? ''} class="card" aria-label={`Archive ${one.name ?? ''}`}>
                <h2>{one.name === undefined ? 'Archive' : `Archive ${one.name}`}</h2>
                {one.warnings.length === 0 ? null : (
                  <ul class="alert failed">
                    {one.warnings.map((warning) => (
                      <li key={warning}>{warning}</li>
                    ))}
                  </ul>
                )}
                <Facts
                  items={[
                    ['Store', <code key="store">{one.store}</code>],
                    ['Catalogue', <code key="catalogue">{one.catalogue}</code>],
                    ['Organization', one.organization],
                    ['Can decrypt', one.reads ? 'yes' : 'no: no reading key is configured'],
                    ['Keys of receipts', one.receiptKeys.join(', ') || 'none'],
                    ['Keys of the log', one.logKeys.join(', ') || 'none'],
                  ]}
                />
              </section>
            ))}
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
          </>
        )}
      </Show>
    </>
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
