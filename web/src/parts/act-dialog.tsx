import { Button, Modal, TextInput } from '@mantine/core';
import { type FormEvent, type ReactNode, useState } from 'react';
import { Fault } from '@pier/shared/core';
import { sentence } from '../words/index.ts';

/** Why it is done, as the body of a request has it; nothing where nothing was said. */
export type Said = { readonly remark?: string };
type Props = {
  readonly title: string;
  readonly sub?: ReactNode;
  /** What it will do, in numbers that add up. */
  readonly children?: ReactNode;
  /** Repeats verb and count: "Roll back 213 devices". */
  readonly act: string;
  /** Then Enter in the reason does not do it: only its button does, or Enter after the typed word. */
  readonly danger?: boolean;
  /** Asks why it is done; goes to the audit. */
  readonly asksWhy?: boolean;
  /** A word that must be typed first, where more than one wave is hit. */
  readonly typed?: string | undefined;
  /** Why it cannot be done now. */
  readonly off?: string | undefined;
  readonly softer?: ReactNode;
  readonly onClose: () => void;
  /** Does it; a Fault is shown in the dialog, which stays with all that was typed. */
  readonly onAct: (said: Said) => Promise<unknown>;
};

/** Shows the effect of a verb before it is done, asks why, and does it. Three parts: sentence, effects, foot. */
export function ActDialog({ title, sub, children, act, danger = false, asksWhy = true, typed, off, softer, onClose, onAct }: Props): ReactNode {
  const [remark, setRemark] = useState('');
  const [word, setWord] = useState('');
  const [fault, setFault] = useState<Fault>();
  const [busy, setBusy] = useState(false);
  const unready = off ?? (typed !== undefined && word.trim() !== typed ? `Type ${typed} to confirm.` : undefined);
  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    if (unready !== undefined || busy) return;
    setBusy(true);
    setFault(undefined);
    try {
      await onAct(remark.trim() === '' ? {} : { remark: remark.trim() });
      onClose();
    } catch (thrown) {
      setFault(thrown instanceof Fault ? thrown : new Fault('internal', String(thrown)));
    } finally {
      setBusy(false);
    }
  };
  return (
    <Modal opened onClose={onClose} title={<span className="strong">{title}</span>} size={660} padding={16} closeButtonProps={{ 'aria-label': 'Close' }}>
      <form onSubmit={(event) => void submit(event)}>
        {sub !== undefined && <p className="dialog-sub">{sub}</p>}
        {children}
        {(asksWhy || typed !== undefined) && (
          <div className="dialog-fields">
            {asksWhy && <TextInput label="Why (kept in the audit)" value={remark} maxLength={500} onChange={({ currentTarget }) => setRemark(currentTarget.value)} onKeyDown={(event) => danger && event.key === 'Enter' && event.preventDefault()} data-autofocus />}
            {typed !== undefined && <TextInput label={`Type ${typed} to confirm`} value={word} autoComplete="off" spellCheck={false} onChange={({ currentTarget }) => setWord(currentTarget.value)} />}
          </div>
        )}
        {fault && <Wrong fault={fault} />}
        <div className="dialog-foot">
          {softer !== undefined && <span className="softer">{softer}</span>}
          {unready !== undefined && <span className="why-off">{unready}</span>}
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" variant={danger ? 'danger' : 'primary'} loading={busy} {...(unready !== undefined && { 'data-disabled': true, 'aria-disabled': true })}>{act}</Button>
        </div>
      </form>
    </Modal>
  );
}

/** What went wrong with an act, in a sentence and a code; nothing that was typed is lost. `lead` says what did not come about. */
export function Wrong({ fault, lead = 'Not done.' }: { fault: Fault; lead?: string }): ReactNode {
  return (
    <p className="note f-failed dialog-wrong" role="alert">
      <span className="strong">{lead}</span> {sentence(fault.message)} <code>{fault.code}</code>
    </p>
  );
}
