import { type ReactNode, memo, useState } from 'react';
import { Link } from 'wouter';
import type { AuditRecord } from '@pier/shared/api';
import { Copy, Icon } from '../../parts/index.ts';
import { auditActor, auditRemark, auditWords, clockSeconds } from '../../words/index.ts';
import { type Difference, differencesOf } from './differences.ts';
import { objectLinks, releaseLinks } from './object-links.ts';

/** One record: when, who, what, about what; what changed and why stand below, all of it on demand. Kept from draw to draw: there may be thousands. */
export const RecordRows = memo(RecordRowsOnce);

function RecordRowsOnce({ record }: { record: AuditRecord }): ReactNode {
  const [open, setOpen] = useState(false);
  const { id, at, actor, action, object, detail } = record;
  const remark = auditRemark(detail);
  const differences = differencesOf(detail);
  return (
    <>
      <tr className="goes audit-row">
        <td><time dateTime={at} title={at}>{clockSeconds(Date.parse(at))}</time></td>
        <td><Link href={`/audit?actor=${encodeURIComponent(actor)}`} className="audit-actor" title={actor}>{auditActor(actor)}</Link></td>
        <td>
          <span className="audit-words">{auditWords(record)}</span>
          {remark !== undefined && <span className="audit-remark">“{remark}”</span>}
          {differences.length > 0 && <Differences all={differences} />}
        </td>
        <td className="audit-object">{[...objectLinks(object), ...releaseLinks(record)].map(({ text, href }) => (href === undefined ? <span key={text} className="dim">{text}</span> : <Link key={text} href={href}>{text}</Link>))}</td>
        <td className="end">
          <button type="button" className="audit-toggle" data-row aria-expanded={open} aria-controls={`audit-${id}`} onClick={() => setOpen(!open)}>
            <code>{action}</code> <Icon name={open ? 'down' : 'chevron-right'} size={12} />
          </button>
        </td>
      </tr>
      {open && (
        <tr id={`audit-${id}`}>
          <td colSpan={5}>
            <div className="code"><pre>{JSON.stringify(record, null, 2)}</pre><Copy text={JSON.stringify(record)} /></div>
          </td>
        </tr>
      )}
    </>
  );
}

const signs = { added: { icon: 'plus', word: 'added' }, removed: { icon: 'minus', word: 'removed' }, changed: { icon: 'right', word: 'changed' } } as const satisfies Record<Difference['kind'], unknown>;
const shownMax = 8;

function Differences({ all }: { all: readonly Difference[] }): ReactNode {
  return (
    <ul className="audit-differences">
      {all.slice(0, shownMax).map(({ path, kind, before, after }) => (
        <li key={path} data-kind={kind}>
          <Icon name={signs[kind].icon} size={10} /><span className="sr-only">{signs[kind].word}</span>
          <span>{path}: {before !== undefined && <del>{before}</del>}{before !== undefined && after !== undefined && ' → '}{after !== undefined && <ins>{after}</ins>}</span>
        </li>
      ))}
      {all.length > shownMax && <li className="dim">and {all.length - shownMax} more: open the record</li>}
    </ul>
  );
}
