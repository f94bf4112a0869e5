import { Modal, TextInput } from '@mantine/core';
import { type KeyboardEvent, type ReactNode, useState } from 'react';
import { useLocation } from 'wouter';
import { useAnswer } from '../api/index.ts';
import { Icon } from '../parts/index.ts';
import { type IconName, rolloutWords, standingWords } from '../words/index.ts';
import { places } from './places.ts';

type Found = { readonly path: string; readonly icon: IconName; readonly word: string; readonly note: string };

/** Search or jump: pages, devices, rollouts and releases by a part of their name. */
export function Jump({ onClose }: { onClose: () => void }): ReactNode {
  const [text, setText] = useState('');
  const [at, setAt] = useState(0);
  const [, go] = useLocation();
  const found = useFound(text.trim().toLowerCase());
  const chosen = found[Math.min(at, found.length - 1)];
  const leave = (path: string): void => {
    go(path);
    onClose();
  };
  const move = (event: KeyboardEvent): void => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step !== undefined) {
      event.preventDefault();
      setAt((was) => Math.max(0, Math.min(found.length - 1, was + step)));
    } else if (event.key === 'Enter' && chosen) leave(chosen.path);
  };
  return (
    <Modal opened onClose={onClose} withCloseButton={false} size={560} padding={12} aria-label="Search or jump to">
      <TextInput aria-label="Search or jump to" placeholder="A device, a rollout, a release or a page" value={text} data-autofocus role="combobox" aria-expanded aria-controls="jump-list" aria-activedescendant={chosen && `jump-${found.indexOf(chosen)}`} onKeyDown={move} onChange={({ currentTarget }) => {
        setText(currentTarget.value);
        setAt(0);
      }} />
      <div className="jump-list" id="jump-list" role="listbox" aria-label="Found">
        {found.map((one, index) => (
          <a key={one.path} id={`jump-${index}`} className="jump-row" role="option" aria-selected={one === chosen} href={one.path} onClick={(event) => {
            event.preventDefault();
            leave(one.path);
          }}>
            <Icon name={one.icon} />
            {one.word}
            <span className="push">{one.note}</span>
          </a>
        ))}
      </div>
      {found.length === 0 && <p className="dim" role="status">Nothing is called “{text.trim()}”.</p>}
    </Modal>
  );
}

function useFound(text: string): readonly Found[] {
  const fits = (word: string): boolean => text !== '' && word.toLowerCase().includes(text);
  const devices = useAnswer('listDevices', { query: { search: text.slice(0, 64), limit: 8 } }, { enabled: text !== '', keep: true }).data?.items ?? [];
  const rollouts = useAnswer('listRollouts', { query: { limit: 100 } }).data?.items ?? [];
  const releases = useAnswer('listReleases', { query: { limit: 100 } }).data?.items ?? [];
  return [
    ...places.filter(({ word }) => text === '' || fits(word)).map(({ path, icon, word }) => ({ path, icon, word, note: 'page' })),
    ...(text === '' ? [] : devices).map(({ id, name, standing }) => ({ path: `/devices/${id}`, icon: 'device' as const, word: name, note: standingWords[standing].word })),
    ...rollouts.filter(({ id, name, app, version }) => fits(`${id} ${name} ${app} ${version}`)).slice(0, 5).map(({ id, app, version, state }) => ({ path: `/rollouts/${id}`, icon: 'rollout' as const, word: `${app} ${version}`, note: rolloutWords[state].word })),
    ...releases.filter(({ app, version, digest }) => fits(`${app} ${version} ${digest}`)).slice(0, 5).map(({ id, app, version }) => ({ path: `/releases/${id}`, icon: 'release' as const, word: `${app} ${version}`, note: 'release' })),
  ];
}
