import { type ReactNode, useContext, useEffect, useId } from 'react';
import { PageTitle } from './page-title.ts';

/** A part of a page between hairlines, under a heading. */
export function Region({ title, note, acts, children, className = '' }: { title: ReactNode; note?: ReactNode; acts?: ReactNode; children: ReactNode; className?: string }): ReactNode {
  const id = useId();
  return (
    <section className={`region ${className}`} aria-labelledby={id}>
      <div className="region-head">
        <h2 id={id}>{title}</h2>
        {note !== undefined && <span className="dim">{note}</span>}
        {acts !== undefined && <span className="push">{acts}</span>}
      </div>
      {children}
    </section>
  );
}

type HeadProps = { readonly title: string; /** What the window's tab and the crumbs say, where it is not the title. */ readonly tab?: string; readonly beside?: ReactNode; readonly facts?: ReactNode; readonly acts?: ReactNode };

/** The head of a page: its one title, what is known of it, what can be done. */
export function PageHead({ title, tab = title, beside, facts, acts }: HeadProps): ReactNode {
  const told = useContext(PageTitle);
  useEffect(() => {
    document.title = `${tab} · Pier`;
    told.set(tab);
    return () => told.set('');
  }, [tab, told]);
  return (
    <header className="page-head">
      <div className="page-head-words">
        <div className="page-title">
          <h1>{title}</h1>
          {beside}
        </div>
        {facts !== undefined && <div className="page-facts">{facts}</div>}
      </div>
      {acts !== undefined && <div className="page-acts">{acts}</div>}
    </header>
  );
}
