/** The browser's side, wired: read this first. Client, stream, time and keyboard are made here, once, and handed down. */
import './no-eval.ts';
import { MantineProvider } from '@mantine/core';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { StrictMode, useState } from 'react';
import { createRoot } from 'react-dom/client';
import type { Me, PageSession } from '@pier/shared/api';
import { systemClock, systemRandom } from '@pier/shared/core';
import { ApiProvider, MeProvider, NowContext, askAgain, askAllAgain, browserApi, freshMs, gatherChanges, openLive, tickingNow, useAnswer } from './api/index.ts';
import { Pages } from './app.tsx';
import { SetupPage, SignInAgain, SignInPage } from './pages/sign-in/index.tsx';
import { Answered, ErrorEdge } from './parts/index.ts';
import { KeyboardProvider, Shell, newKeyboard } from './shell/index.ts';
import { cssVariables, theme } from './theme/index.ts';
import './theme/fonts.css';
import './theme/tokens.css';
import './theme/mantine.css';
import './theme/base.css';
import './parts/parts.css';

const meta = (name: string): string => document.querySelector<HTMLMetaElement>(`meta[name="${name}"]`)?.content ?? '';
// What keeps the page still under a dialog writes a style of its own, and takes the nonce from where bundlers used to put it.
Reflect.set(globalThis, '__webpack_nonce__', meta('csp-nonce'));
const clock = systemClock;
const api = browserApi({ baseUrl: window.location.origin, clock });
const queries = new QueryClient({ defaultOptions: { queries: { retry: false, staleTime: freshMs, refetchOnWindowFocus: true }, mutations: { retry: false } } });
const keyboard = newKeyboard(window.localStorage);
const changes = gatherChanges({ clock, everyMs: 1_000, tell: (changed) => askAgain(queries, changed), tellAll: () => askAllAgain(queries) });

/** Opened once somebody is signed in, and only then. */
function openStream() {
  const live = openLive({ api, clock, random: systemRandom, onChange: (change) => changes.add(change), channel: new BroadcastChannel('pier.events'), locks: navigator.locks });
  let wasStale = false;
  live.liveness.listen(() => {
    const { state } = live.liveness.get();
    if (state === 'live' && wasStale) askAllAgain(queries);
    wasStale = state === 'stale';
  });
  return { live, now: tickingNow({ clock, skewMs: api.skewMs, runs: () => live.liveness.get().state !== 'stale' }) };
}

function Inside({ onDoor }: { onDoor: () => void }) {
  const [{ live, now }] = useState(openStream);
  const me = useAnswer('whoAmI', {});
  const again = (next: Me): void => {
    // Somebody else at the same browser must not act with what the first one sees.
    if (me.data && next.user !== me.data.user) onDoor();
    api.session.set('open');
    void queries.invalidateQueries();
  };
  return (
    <NowContext value={now}>
      <Answered of={me} what="who is signed in">
        {(who) => (
          <MeProvider me={who}>
            <KeyboardProvider keyboard={keyboard}>
              <Shell liveness={live.liveness} signIn={<SignInAgain user={who.user} onDone={again} />}>
                <Pages />
              </Shell>
            </KeyboardProvider>
          </MeProvider>
        )}
      </Answered>
    </NowContext>
  );
}

/** What the manager knew of this browser when it sent the page: `open`, `none`, or `setup` while there is no account at all. */
function App() {
  const [door, setDoor] = useState(meta('pier-session') as PageSession);
  const enter = (): void => {
    api.session.set('open');
    queries.clear();
    setDoor('open');
  };
  if (door === 'setup') return <SetupPage onDone={enter} />;
  if (door !== 'open') return <SignInPage onDone={enter} />;
  return <Inside onDoor={() => window.location.reload()} />;
}

const root = document.getElementById('app');
if (root === null) throw new Error('the page has no #app');
createRoot(root).render(
  <StrictMode>
    <MantineProvider theme={theme} cssVariablesResolver={cssVariables} defaultColorScheme="auto" getStyleNonce={() => meta('csp-nonce')}>
      <QueryClientProvider client={queries}>
        <ApiProvider api={api}>
          <ErrorEdge at={window.location.pathname}><App /></ErrorEdge>
        </ApiProvider>
      </QueryClientProvider>
    </MantineProvider>
  </StrictMode>,
);
