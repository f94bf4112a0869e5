import { Button } from '@mantine/core';
import { type ReactNode, useState } from 'react';
import { Link } from 'wouter';
import type { Fleet } from '@pier/shared/api';
import { selectorText } from '@pier/shared/selector';
import { Bar, Region, TableScroll } from '../../parts/index.ts';
import { count, counted } from '../../words/index.ts';

const few = 6;

/** By the tag `site`, the one with the most devices that do not answer first. */
export function Sites({ sites }: { sites: Fleet['sites'] }): ReactNode {
  const [all, setAll] = useState(false);
  const shown = all ? sites : sites.slice(0, few);
  const more = sites.length > few;
  return (
    <Region title="Sites" note={more ? `${count(shown.length)} of ${count(sites.length)}, worst first` : 'worst first'} {...(more && { acts: <Button data-size="compact" onClick={() => setAll(!all)}>{all ? 'Fewer' : 'All sites'}</Button> })}>
      <TableScroll>
        <table className="table overview-sites">
          <thead><tr><th scope="col">Site</th><th scope="col" className="end">Devices</th><th scope="col">Reachable</th><th scope="col" className="end">Away</th></tr></thead>
          <tbody>
            {shown.map(({ site, devices, online }) => {
              const away = devices - online;
              const name = site ?? 'no site';
              return (
                <tr key={JSON.stringify(site)}>
                  <th scope="row"><Link href={siteHref(site)} className="name">{name}</Link></th>
                  <td className="end">{count(devices)}</td>
                  <td><Bar total={devices} label={`${name}: ${count(online)} of ${counted(devices, 'device')} reachable`} parts={[{ key: 'online', word: 'Reachable', family: 'ok' as const, count: online }, { key: 'away', word: 'Away', family: 'offline' as const, count: away }].filter((part) => part.count > 0)} /></td>
                  <td className={away === 0 ? 'end dim' : 'end'}>{away === 0 ? 'none' : `${count(away)} of ${count(devices)}`}</td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </TableScroll>
    </Region>
  );
}

function siteHref(site: string | null): string {
  const selector = site === null ? 'not exists(site)' : selectorText({ kind: 'equals', key: { of: 'tag', name: 'site' }, value: site });
  return `/devices?q=${encodeURIComponent(selector)}`;
}
