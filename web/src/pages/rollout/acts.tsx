/** The buttons of a rollout: beside its title on a wide window, in a foot on a phone. Both open the same previews. */
import { Button, Menu, Modal } from '@mantine/core';
import { type ReactNode, useState } from 'react';
import type { Rollout, RolloutVerb, VerbPreview } from '@pier/shared/api';
import { ActButton, Icon, Wrong } from '../../parts/index.ts';
import { buttonsOf, effectLines, previewOf, plainSentence, verbIcon, verbLabel } from './verbs.ts';
import type { Acting } from './use-acting.ts';

type Props = { readonly rollout: Rollout; readonly acting: Acting };

const offOf = ({ whyNot, items }: Acting, verb: RolloutVerb): string | undefined => whyNot ?? (items === undefined ? 'What it would do is not known yet.' : reasonOf(previewOf(items, verb)));
const reasonOf = (preview: VerbPreview | undefined): string | undefined => (preview === undefined || preview.possible ? undefined : plainSentence(preview.sentence));

/** In the head: the main verb in ink, the others beside it, the rest behind the dots; under them what the main one does. */
export function HeadActs({ rollout, acting, more, onMore }: Props & { more: boolean; onMore: (open: boolean) => void }): ReactNode {
  const { main, beside, more: others } = buttonsOf(rollout);
  const { items, press, busy, fault, whyNot } = acting;
  return (
    <div className="rollout-acts">
      <div className="rollout-buttons">
        {main && <ActButton variant="primary" {...verbIcon(main)} loading={busy} off={offOf(acting, main)} offQuiet onClick={() => press(main)}>{verbLabel(main, previewOf(items, main))}</ActButton>}
        {beside.map((verb) => <ActButton key={verb} variant={verb === 'abort' ? 'warn' : 'default'} {...verbIcon(verb)} off={offOf(acting, verb)} offQuiet onClick={() => press(verb)}>{verbLabel(verb, previewOf(items, verb))}</ActButton>)}
        <Menu opened={more} onChange={onMore} position="bottom-end" width={320}>
          <Menu.Target><Button aria-label="More actions"><Icon name="more" /></Button></Menu.Target>
          <Menu.Dropdown>{others.map((verb) => <MoreItem key={verb} verb={verb} acting={acting} />)}</Menu.Dropdown>
        </Menu>
      </div>
      <Effects lines={whyNot === undefined ? effectLines({ main, beside }, items) : [whyNot]} />
      {fault && <Wrong fault={fault} />}
    </div>
  );
}

function Effects({ lines }: { lines: readonly string[] }): ReactNode {
  return <div className="small dim rollout-effect">{lines.map((line) => <p key={line}>{line}</p>)}</div>;
}

function MoreItem({ verb, acting }: { verb: RolloutVerb; acting: Acting }): ReactNode {
  const off = offOf(acting, verb);
  const { icon } = verbIcon(verb);
  const preview = previewOf(acting.items, verb);
  return (
    <Menu.Item {...(icon && { leftSection: <Icon name={icon} /> })} disabled={off !== undefined} onClick={() => acting.press(verb)}>
      {verbLabel(verb, preview)}
      <span className="rollout-more-why">{off ?? (preview && plainSentence(preview.sentence))}</span>
    </Menu.Item>
  );
}

/** On a phone: one large button with what it does, and a sheet with all the others. */
export function FootActs({ rollout, acting }: Props): ReactNode {
  const [open, setOpen] = useState(false);
  const { main, beside, more } = buttonsOf(rollout);
  const { items, press, busy, fault, whyNot } = acting;
  return (
    <div className="rollout-foot" role="group" aria-label="What you can do">
      {fault && <Wrong fault={fault} />}
      <div className="rollout-foot-buttons">
        {main && <ActButton variant="primary" {...verbIcon(main)} loading={busy} off={offOf(acting, main)} offQuiet onClick={() => press(main)}>{verbLabel(main, previewOf(items, main))}</ActButton>}
        <Button onClick={() => setOpen(true)} aria-haspopup="dialog">More…</Button>
      </div>
      <Effects lines={whyNot === undefined ? effectLines({ main, beside: main === undefined ? beside : [] }, items) : [whyNot]} />
      <Modal opened={open} onClose={() => setOpen(false)} title="More actions" closeButtonProps={{ 'aria-label': 'Close' }}>
        <ul className="rollout-sheet">
          {[...beside, ...more].map((verb) => {
            const off = offOf(acting, verb);
            const preview = previewOf(items, verb);
            const go = (): void => {
              setOpen(false);
              press(verb);
            };
            return (
              <li key={verb}>
                <ActButton {...verbIcon(verb)} variant={verb === 'abort' ? 'warn' : 'default'} off={off} offQuiet onClick={go}>{verbLabel(verb, preview)}</ActButton>
                <p className="small dim" aria-hidden={off !== undefined}>{off ?? (preview && plainSentence(preview.sentence))}</p>
              </li>
            );
          })}
        </ul>
      </Modal>
    </div>
  );
}
