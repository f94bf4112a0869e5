import { Component, type ReactNode } from 'react';
import { Button } from '@mantine/core';
import { capital } from '../words/index.ts';
import { Copy } from './copy.tsx';
import { PageHead } from './region.tsx';

type Props = {
  /** Where the browser is: at another place it is tried anew. */
  readonly at: string;
  readonly children: ReactNode;
};
/** `at` is empty until it is known where it happened. */
type State = { readonly failed: { readonly at: string; readonly says: string } | undefined };

/**
 * Where a mistake of a page ends: without it React takes everything from the window, the way to the other pages too. React has
 * no function for this, so that it is the one class here.
 */
export class ErrorEdge extends Component<Props, State> {
  override state: State = { failed: undefined };

  static getDerivedStateFromError(thrown: unknown): State {
    return { failed: { at: '', says: saidBy(thrown) } };
  }

  static getDerivedStateFromProps({ at }: Props, { failed }: State): State | null {
    if (failed === undefined || failed.at === at) return null;
    return { failed: failed.at === '' ? { ...failed, at } : undefined };
  }

  override render(): ReactNode {
    const { failed } = this.state;
    return failed === undefined ? this.props.children : <Broken says={failed.says} at={failed.at} />;
  }
}

function Broken({ says, at }: { says: string; at: string }): ReactNode {
  return (
    <>
      <PageHead title="This page cannot be shown" />
      <div className="region condition condition-error" role="alert" data-condition="broken">
        <p><span className="strong">The page made a mistake, and was stopped.</span> {says} The manager and the devices know nothing of it: nothing was changed by that.</p>
        <p className="small dim">After an update of the manager, loading anew is all that is needed. What the page says is also said by the commands of “pier”.</p>
        <div className="condition-acts">
          <Button data-size="compact" variant="primary" onClick={() => window.location.reload()}>Load anew</Button>
          <a href="/">To the overview</a>
          <Copy text={`${at}: ${says}`} label="Copy details" />
        </div>
      </div>
    </>
  );
}

const charsMax = 500;

function saidBy(thrown: unknown): string {
  const says = thrown instanceof Error ? thrown.message : String(thrown);
  return says === '' ? 'It did not say which one.' : `${capital(says.slice(0, charsMax))}${/[.!?]$/.test(says) ? '' : '.'}`;
}
