import { type ReactNode, useEffect, useState } from 'react';
import { systemClock } from '@pier/shared/core';
import { shortId } from '../words/index.ts';
import { Icon } from './icon.tsx';

const saidMs = 1_500;
/** A browser breaks lines at hyphens: of a command, only words longer than this may be cut. */
const wholeMax = 28;

/** Copies a text; says so in place for a moment. */
export function Copy({ text, label = 'Copy', bare = false }: { text: string; label?: string; bare?: boolean }): ReactNode {
  const [said, setSaid] = useState<'copied' | 'failed'>();
  useEffect(() => {
    if (said === undefined) return undefined;
    const timer = systemClock.after(saidMs, () => setSaid(undefined));
    return () => timer[Symbol.dispose]();
  }, [said]);
  const copy = (): void => void navigator.clipboard.writeText(text).then(() => setSaid('copied'), () => setSaid('failed'));
  const words = said === 'copied' ? 'Copied' : said === 'failed' ? 'Not allowed to copy' : label;
  return (
    <button type="button" className="copy" onClick={copy} aria-label={bare && said === undefined ? `${label} ${text}` : undefined} title={bare ? text : undefined}>
      <Icon name={said === 'copied' ? 'check' : 'copy'} size={13} />
      <span className={bare && said === undefined ? 'sr-only' : undefined} aria-live="polite">{words}</span>
    </button>
  );
}

/** An id, cut in the middle where it is long, with the whole of it to copy. */
export function Id({ id }: { id: string }): ReactNode {
  return (
    <span className="mono" title={id}>
      {shortId(id)}
      <Copy text={id} bare />
    </span>
  );
}

/** A command to type elsewhere, to copy whole. */
export function Command({ text, label = 'The command' }: { text: string; label?: string }): ReactNode {
  return (
    <div className="code" role="group" aria-label={label}>
      <pre>{text.split(/(\s+)/).map((word, at) => (word.includes('-') && word.length <= wholeMax ? <span key={at} className="code-word">{word}</span> : word))}</pre>
      <Copy text={text} />
    </div>
  );
}
