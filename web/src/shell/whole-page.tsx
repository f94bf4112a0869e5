import { type ReactNode, Suspense, useCallback, useEffect, useState } from 'react';
import { systemClock } from '@pier/shared/core';
import { useUnanswered } from '../api/index.ts';
import { Loading } from '../parts/index.ts';

/** So long a page may wait for its answers; then it shows what it has, and each part says what it waits for. */
const answersMaxMs = 1_500;
/** An answer may bring the next question: none is left when none was asked for so long. */
const settledMs = 40;

type Props = { readonly heldMaxMs?: number; readonly children: ReactNode };

/** A page that is shown at once and whole: were each part shown as its answer comes, those below it would jump under the reader's eyes. */
export function WholePage({ heldMaxMs = answersMaxMs, children }: Props): ReactNode {
  const [isHere, setHere] = useState(false);
  const [shown, setShown] = useState(false);
  const waits = useUnanswered() > 0;
  useEffect(() => {
    if (!isHere) return undefined;
    const timer = systemClock.after(heldMaxMs, () => setShown(true));
    return () => timer[Symbol.dispose]();
  }, [isHere, heldMaxMs]);
  useEffect(() => {
    if (!isHere || shown || waits) return undefined;
    const timer = systemClock.after(settledMs, () => void document.fonts.ready.then(() => setShown(true)));
    return () => timer[Symbol.dispose]();
  }, [isHere, shown, waits]);
  return (
    <>
      {!shown && <div className="region whole-waits"><Loading what="the page" rows={6} /></div>}
      <div className="whole" data-held={!shown || undefined}>
        <Suspense>
          {children}
          <Here onHere={useCallback(() => setHere(true), [])} />
        </Suspense>
      </div>
    </>
  );
}

/** Told once the script of the page is there, too. */
function Here({ onHere }: { onHere: () => void }): ReactNode {
  useEffect(onHere, [onHere]);
  return null;
}
