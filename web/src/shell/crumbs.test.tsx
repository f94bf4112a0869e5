import { beforeEach, expect, test } from 'vitest';
import { Link } from 'wouter';
import { PageHead } from '../parts/index.ts';
import { show } from '../testing/render.tsx';
import { Crumbs } from './crumbs.tsx';

const at = (path: string, head = <></>) => {
  window.history.replaceState(null, '', path);
  return show(<><Crumbs />{head}</>);
};
beforeEach(() => window.history.replaceState(null, '', '/'));

test.each([
  ['/rollouts/r-1', <PageHead key="a" title="blink 1.6.0" />, 'Rollouts/blink 1.6.0', '/rollouts'],
  ['/devices/pi-7/apps', <PageHead key="b" title="quay-1" />, 'Devices/quay-1', '/devices'],
  ['/simulator/board-1', <PageHead key="c" title="3 parts" tab="board-1" />, 'Simulator/board-1', '/simulator'],
])('%s says what it shows, after the linked place it belongs to', async (path, head, words, href) => {
  const screen = await at(path, head);
  const crumbs = screen.getByRole('navigation', { name: 'Where this is' });
  await expect.element(crumbs).toHaveTextContent(words);
  await expect.element(crumbs.getByRole('link')).toHaveAttribute('href', href);
});

test('a place of the side bar stands alone and is no link; an address of nothing says so', async () => {
  const screen = await at('/', <PageHead title="6 devices" />);
  const crumbs = screen.getByRole('navigation', { name: 'Where this is' });
  await expect.element(crumbs).toMatchTextContent(/^Overview$/);
  await expect.element(crumbs.getByRole('link')).not.toBeInTheDocument();
  await screen.unmount();
  const other = await at('/moon', <PageHead title="Not found" />);
  await expect.element(other.getByRole('navigation', { name: 'Where this is' })).toMatchTextContent(/^Not found$/);
});

test('on the way up only the place is left', async () => {
  const screen = await at('/devices/pi-7', <><PageHead title="quay-1" /><Link href="/devices">up</Link></>);
  await screen.getByRole('link', { name: 'Devices' }).click();
  await expect.element(screen.getByRole('navigation', { name: 'Where this is' })).toMatchTextContent(/^Devices$/);
});
