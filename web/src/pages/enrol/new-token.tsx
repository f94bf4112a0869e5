import { Checkbox, NativeSelect, NumberInput, TextInput } from '@mantine/core';
import { type ReactNode, useState } from 'react';
import type { AnswerOf } from '@pier/shared/api';
import { isoTime } from '@pier/shared/core';
import { useAct, useNow } from '../../api/index.ts';
import { ActDialog, Command } from '../../parts/index.ts';
import { clockTime, count, counted, readTags } from '../../words/index.ts';
import { type Wanted, createCommand } from './token-view.ts';

const lives = [{ value: '3600', label: '1 hour' }, { value: '86400', label: '1 day' }, { value: '604800', label: '7 days' }, { value: '2592000', label: '30 days' }];
const usesMax = 10_000;

export type Made = { readonly answer: AnswerOf<'createToken'>; readonly wanted: Wanted };

/** Says how many boards may join with it, for how long, with which tags, and makes it. */
export function NewToken({ onClose, onMade }: { onClose: () => void; onMade: (made: Made) => void }): ReactNode {
  const create = useAct('createToken');
  const now = useNow();
  const [uses, setUses] = useState<number | string>(1);
  const [life, setLife] = useState<string>('86400');
  const [text, setText] = useState('');
  const [approval, setApproval] = useState(false);
  const tags = readTags(text);
  const n = typeof uses === 'number' && Number.isInteger(uses) && uses >= 1 && uses <= usesMax ? uses : undefined;
  const off = n === undefined ? `A token is for 1 to ${count(usesMax)} boards.` : tags.ok ? undefined : tags.says;
  const wanted: Wanted = { uses: n ?? 1, expiresInS: Number(life), tags: tags.ok ? tags.tags : {}, approval };
  const until = clockTime(isoTime(now + wanted.expiresInS * 1_000), now);
  return (
    <ActDialog
      title="New token" sub="Whoever has it may join that many boards. It is shown once, and kept only as a hash." act={`Make a token for ${counted(wanted.uses, 'board')}`} asksWhy={false} off={off} onClose={onClose}
      onAct={async () => onMade({ answer: await create.mutateAsync({ body: { uses: wanted.uses, expiresInS: wanted.expiresInS, tags: { ...wanted.tags }, approval } }), wanted })}
    >
      <div className="enrol-fields">
        <NumberInput label="Boards" min={1} max={usesMax} allowDecimal={false} value={uses} onChange={setUses} data-autofocus />
        <NativeSelect label="Valid for" value={life} onChange={({ currentTarget }) => setLife(currentTarget.value)} data={lives} />
        <TextInput label="Tags that it gives, such as site=lab role=pump" value={text} autoComplete="off" spellCheck={false} onChange={({ currentTarget }) => setText(currentTarget.value)} {...(!tags.ok && { error: tags.says })} />
      </div>
      <Checkbox size="xs" className="enrol-approval" label="Each board waits until a person approves it" checked={approval} onChange={({ currentTarget }) => setApproval(currentTarget.checked)} />
      <ul className="rows">
        <li><span>May join</span><span className="push strong">{counted(wanted.uses, 'board')}, until {until}</span></li>
        <li><span>Then</span><span className="push">{approval ? 'each asks to join, and waits for approval' : 'each joins at once, without a person'}</span></li>
      </ul>
      <p className="small dim enrol-same">The same by command:</p>
      <Command label="The same by command" text={createCommand(wanted)} />
    </ActDialog>
  );
}
