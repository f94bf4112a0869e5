import { expect, test, vi } from 'vitest';
import { show } from '../testing/render.tsx';
import { Choice } from './choice.tsx';

const options = [{ value: '', label: 'All apps' }, { group: 'Ours', options: [{ value: 'blink', label: 'blink 1.6.0' }] }];

test('has a name, shows what is chosen, and tells what is chosen next', async () => {
  const onChange = vi.fn<() => void>();
  const screen = await show(<Choice label="App" value="blink" onChange={onChange} options={options} />);
  const list = screen.getByRole('combobox', { name: 'App' });
  await expect.element(list).toHaveValue('blink');
  await list.selectOptions('All apps');
  expect(onChange).toHaveBeenCalledExactlyOnceWith('');
});

test('a quiet label is still its name', async () => {
  const screen = await show(<Choice label="App" labelQuiet value="" onChange={() => undefined} options={options} />);
  await expect.element(screen.getByRole('combobox', { name: 'App' })).toBeVisible();
  expect(screen.getByText('App', { exact: true }).element().className).toBe('sr-only');
});
