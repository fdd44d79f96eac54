import type { ComponentChildren } from 'preact';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { getJson, lastAnswer } from './api.ts';
import type { Grant, Me } from './api-types.ts';
import { goTo } from './navigate.ts';
import { formatRoute, type Page, type Route } from './route.ts';
import { useSession } from './session.ts';
import { Dialog } from './ui/dialog.tsx';

interface FrameProps {
  readonly route: Route;
  readonly onRenewed: (me: Me) => void;
  readonly children: ComponentChildren;
}

const MENU: readonly (readonly [Page, string, Grant])[] = [
  ['recordings', 'Recordings', 'see'],
  ['completeness', 'Completeness', 'see'],
  ['work', 'Work', 'see'],
  ['holds', 'Holds', 'hold'],
  ['access', 'Access', 'oversee'],
  ['about', 'About', 'see'],
];

/** What is around every page: skip link, menu, who is signed in, the warning before the session ends. */
export function Frame({ route, onRenewed, children }: FrameProps) {
  const { me, can, to, archive } = useSession();
  const current = route.page === 'r' ? 'recordings' : route.page;
  const skip = (event: Event) => {
    event.preventDefault();
    document.querySelector<HTMLElement>('main h1')?.focus();
  };
  return (
    <>
      <header class="top">
        <a class="skip" href={location.hash} onClick={skip}>
          Skip to the content
        </a>
        <span class="brand">Media archive</span>
        <nav aria-label="Pages">
          <ul>
            {MENU.filter(([, , grant]) => can(grant)).map(([page, words]) => (
              <li key={page}>
                <a href={to(page)} aria-current={page === current ? 'page' : undefined}>
                  {words}
                </a>
              </li>
            ))}
          </ul>
        </nav>
        {me.archives.length < 2 ? null : (
          <ArchiveChoice route={route} archive={archive} names={me.archives} />
        )}
        <span class="who">
          {me.name} <span class="hint">{me.signIn === 'launch' ? 'this machine' : me.roles.join(', ')}</span>
        </span>
      </header>
      <main>{children}</main>
      <SessionWarning me={me} onRenewed={onRenewed} />
    </>
  );
}

interface ArchiveChoiceProps {
  readonly route: Route;
  readonly archive: string | undefined;
  readonly names: readonly string[];
}

function ArchiveChoice({ route, archive, names }: ArchiveChoiceProps) {
  return (
    <label class="archive">
      Archive{' '}
      <select
        value={archive}
        onInput={({ currentTarget }) => {
          const page = route.page === 'r' ? 'recordings' : route.page;
          goTo(formatRoute(page, '', new URLSearchParams({ archive: currentTarget.value })));
        }}
      >
        {names.map((name) => (
          <option key={name}>{name}</option>
        ))}
      </select>
    </label>
  );
}

const WARN_MS = 120_000;
const LOOK_MS = 5000;
const MINUTE_MS = 60_000;

interface WarningProps {
  readonly me: Me;
  readonly onRenewed: (me: Me) => void;
}

/** Two minutes before the session ends: one press extends it, as far as the server allows. */
function SessionWarning({ me, onRenewed }: WarningProps) {
  const [end, setEnd] = useState<number>();
  const [failed, setFailed] = useState(false);
  const readAt = useMemo(() => lastAnswer.at, [me]);
  useEffect(() => {
    const look = () => {
      const ends = sessionEnd(me, readAt);
      setEnd((shown) => (shown === undefined && ends - Date.now() > WARN_MS ? undefined : ends));
    };
    const timer = setInterval(look, LOOK_MS);
    return () => clearInterval(timer);
  }, [me]);
  if (end === undefined) return null;
  const close = () => {
    setEnd(undefined);
    setFailed(false);
  };
  const extend = async () => {
    try {
      const renewed = await getJson<Me>('/api/me');
      onRenewed(renewed);
      if (sessionEnd(renewed, lastAnswer.at) - Date.now() > WARN_MS) close();
      else setFailed(true);
    } catch {
      setFailed(true);
    }
  };
  return (
    <Dialog title="Your session ends soon" onClose={close}>
      <p>
        It ends at {new Date(end).toLocaleTimeString()}. What plays stops then; the address of this page keeps
        your search.
      </p>
      {failed ? <p role="alert">It cannot be extended further: sign in again when it has ended.</p> : null}
      <div class="actions">
        <button type="button" class="primary" onClick={() => void extend()}>
          Stay signed in
        </button>
        <button type="button" onClick={close}>
          Close
        </button>
      </div>
    </Dialog>
  );
}

/** Every answer extends a session that ends for want of use; one that ends by its age does not last longer than it says. */
function sessionEnd({ expiresAt, idleMinutes }: Me, readAt: number): number {
  const [stated, idleMs] = [Date.parse(expiresAt), idleMinutes * 60_000];
  return stated < readAt + idleMs - MINUTE_MS ? stated : lastAnswer.at + idleMs;
}

interface HeadingProps {
  readonly title: string;
  readonly children?: ComponentChildren;
}

let drawnBefore = false;

/** The heading of a page. It takes the focus when the page changes, so that a screen reader says where it is. */
export function Heading({ title, children }: HeadingProps) {
  const element = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    if (drawnBefore) element.current?.focus({ preventScroll: true });
    drawnBefore = true;
  }, []);
  useEffect(() => {
    document.title = `${title} – Media archive`;
  }, [title]);
  return (
    <div class="heading">
      <h1 ref={element} tabIndex={-1}>
        {title}
      </h1>
      {children}
    </div>
  );
}
