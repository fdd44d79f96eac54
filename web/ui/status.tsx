import type { ComponentChildren } from 'preact';

export function Loading({ what }: { readonly what: string }) {
  return (
    <p class="loading" role="status">
      Loading {what} …
    </p>
  );
}

export type Tone = 'good' | 'bad' | 'wait' | 'plain' | 'hold';

/** A word in a box. The colour repeats what the word says. */
export function Badge({ tone, children }: { readonly tone: Tone; readonly children: ComponentChildren }) {
  return <span class={`badge ${tone}`}>{children}</span>;
}

interface AlertProps {
  readonly kind: 'failed' | 'refused' | 'damaged';
  readonly title: string;
  readonly children?: ComponentChildren;
}

export function Alert({ kind, title, children }: AlertProps) {
  return (
    <div class={`alert ${kind}`} role="alert">
      <p class="alert-title">{title}</p>
      {children}
    </div>
  );
}

/** What a page without content says, and what to do next. */
export function Empty({
  title,
  children,
}: {
  readonly title: string;
  readonly children?: ComponentChildren;
}) {
  return (
    <div class="empty">
      <p class="empty-title">{title}</p>
      {children}
    </div>
  );
}

/** Said to screen readers only. */
export function Hidden({ children }: { readonly children: ComponentChildren }) {
  return <span class="hidden">{children}</span>;
}

/** One word and its meaning a line. */
export function Facts({ items }: { readonly items: readonly (readonly [string, ComponentChildren])[] }) {
  return (
    <dl class="facts">
      {items.map(([term, meaning]) => (
        <div key={term}>
          <dt>{term}</dt>
          <dd>{meaning ?? <Unknown />}</dd>
        </div>
      ))}
    </dl>
  );
}

/** Not known is said as such: an empty place would read as none. */
export function Unknown({ children = 'unknown' }: { readonly children?: ComponentChildren }) {
  return <span class="unknown">{children}</span>;
}
