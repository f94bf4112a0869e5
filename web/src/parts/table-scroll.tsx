import { type ReactNode, useEffect, useRef, useState } from 'react';

/** Lets a table that is wider than its place be scrolled sideways; by the keyboard too, and only then is it a stop of the Tab key. */
export function TableScroll({ children, label = 'Table, wider than its place', className }: { children: ReactNode; label?: string; className?: string }): ReactNode {
  const box = useRef<HTMLDivElement>(null);
  const [scrolls, setScrolls] = useState(false);
  useEffect(() => {
    const seen = box.current;
    if (seen === null) return undefined;
    const watch = new ResizeObserver(() => setScrolls(seen.scrollWidth > seen.clientWidth));
    watch.observe(seen);
    for (const child of seen.children) watch.observe(child);
    return () => watch.disconnect();
  }, []);
  return (
    <div ref={box} className={`table-scroll${className === undefined ? '' : ` ${className}`}`} {...(scrolls && { tabIndex: 0, role: 'group', 'aria-label': label })}>
      {children}
    </div>
  );
}
