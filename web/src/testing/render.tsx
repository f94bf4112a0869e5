/** Shows a part under everything that stands around it in a page, with answers that the test gives. */
import { MantineProvider } from '@mantine/core';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { type RenderResult, render } from 'vitest-browser-react';
import type { AnswerOf, Me, RouteName, StreamName } from '@pier/shared/api';
import { Fault, systemClock } from '@pier/shared/core';
import { type Api, ApiProvider, MeProvider, NowContext, newSessionStores, newStore, tickingNow } from '../api/index.ts';
import { KeyboardProvider, newKeyboard } from '../shell/index.ts';
import { cssVariables, theme } from '../theme/index.ts';
import '../theme/fonts.css';
import '../theme/tokens.css';
import '../theme/mantine.css';
import '../theme/base.css';
import '../parts/parts.css';

type Answers = { readonly [N in Exclude<RouteName, StreamName>]?: (request: unknown) => AnswerOf<N> };

/** A manager, with the number of its trust policy; null where none was set yet. */
export const aboutWith = (policy: number | null) => (): AnswerOf<'getAbout'> => ({ version: '9.9.9', node: '24', database: { version: '18', embedded: true }, replica: 'main', startedAt: '2026-11-20T10:00:00.000Z', simulator: false, policy });

/** `answers`: what the manager would say; a route without one is refused as unreachable. */
export function show(node: ReactNode, { answers = {}, me = { user: 'ada', role: 'operator' } }: { answers?: Answers; me?: Me } = {}): Promise<RenderResult> {
  const stores = newSessionStores();
  const api: Api = {
    ...stores,
    call: async (name, request) => {
      const answer = answers[name];
      if (answer === undefined) throw new Fault('unreachable', `the test gives no answer for ${name}`);
      return answer(request);
    },
    follow: async function* () {
      // Nothing changes in a test that shows one part.
    },
  };
  const queries = new QueryClient({ defaultOptions: { queries: { retry: false }, mutations: { retry: false } } });
  const now = tickingNow({ clock: systemClock, skewMs: newStore(0), runs: () => true });
  return render(
    <MantineProvider theme={theme} cssVariablesResolver={cssVariables}>
      <QueryClientProvider client={queries}>
        <ApiProvider api={api}>
          <NowContext value={now}>
            <MeProvider me={me}>
              <KeyboardProvider keyboard={newKeyboard(window.localStorage)}>{node}</KeyboardProvider>
            </MeProvider>
          </NowContext>
        </ApiProvider>
      </QueryClientProvider>
    </MantineProvider>,
  );
}
