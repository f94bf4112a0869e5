import { NativeSelect, NumberInput } from '@mantine/core';
import { type ReactNode, useState } from 'react';
import { ActButton, Empty, Icon, Region } from '../../parts/index.ts';
import { type ActiveFault, type SimPort, activeFaults, faultKinds, faultWords } from './board-view.ts';
import type { Driver } from './use-sim.ts';

/** What is wrong on purpose, and what could be: active faults first, each with its end. */
export function Faults({ ports, driver }: { ports: readonly SimPort[]; driver: Driver }): ReactNode {
  const active = activeFaults(ports);
  return (
    <Region title="Faults" note={active.length === 0 ? 'none is on; each goes into the audit' : `${active.length} on; each goes into the audit`}>
      {ports.length === 0 ? <Empty says="Nothing to spoil: this board has no serial port." more="A modbus-meter or serial-echo in its board.json brings one." /> : (
        <>
          {active.length > 0 && <ul className="sim-active">{active.map((fault) => <Active key={`${fault.port} ${fault.what}`} fault={fault} driver={driver} />)}</ul>}
          <Offer ports={ports} driver={driver} />
          {driver.off !== undefined && <p className="why-off">{driver.off}</p>}
        </>
      )}
    </Region>
  );
}

function Active({ fault, driver }: { fault: ActiveFault; driver: Driver }): ReactNode {
  const { port } = fault;
  const end = (): void => driver.act(fault.what === 'unplugged' ? { act: 'plug', port } : { act: 'fault', port, fault: 'none' });
  const words = fault.what === 'unplugged' ? 'unplugged' : faultWords[fault.what].word.toLowerCase();
  return (
    <li className="f-failed sim-fault-on">
      <Icon name={fault.what === 'unplugged' ? 'unplug' : 'alert'} />
      <span><span className="strong sim-bad">{port} {words}</span> <span className="soft">{fault.what === 'unplugged' ? 'its path is gone' : fault.left === null ? 'until ended' : `for ${fault.left} more`}</span></span>
      <span className="push"><ActButton compact onClick={end} off={driver.off} offQuiet>{fault.what === 'unplugged' ? 'Plug in' : 'End'}</ActButton></span>
    </li>
  );
}

function Offer({ ports, driver }: { ports: readonly SimPort[]; driver: Driver }): ReactNode {
  const [chosen, setChosen] = useState<string>();
  const [times, setTimes] = useState<number | string>(3);
  const port = ports.find((one) => one.port === chosen) ?? ports[0];
  if (port === undefined) return null;
  const count = typeof times === 'number' && times >= 1 ? Math.floor(times) : undefined;
  return (
    <>
      <div className="sim-fault-of">
        <NativeSelect label="Port" data={ports.map((one) => one.port)} value={port.port} onChange={({ currentTarget }) => setChosen(currentTarget.value)} />
        <NumberInput label="For so many answers" description="Empty: until it is ended" inputWrapperOrder={['label', 'input', 'description']} min={1} max={1_000_000} allowDecimal={false} value={times} onChange={setTimes} />
      </div>
      <ul className="rows">
        {port.plugged && (
          <li><span><span className="strong">Unplug</span> <span className="dim">the port hangs up, its path is gone</span></span><span className="push"><ActButton compact onClick={() => driver.act({ act: 'unplug', port: port.port })} off={driver.off} offQuiet>Unplug</ActButton></span></li>
        )}
        {faultKinds.map((fault) => (
          <li key={fault}>
            <span><span className="strong">{faultWords[fault].word}</span> <span className="dim">{faultWords[fault].note}</span></span>
            <span className="push"><ActButton compact onClick={() => driver.act({ act: 'fault', port: port.port, fault, ...(count !== undefined && { count }) })} off={driver.off} offQuiet>Inject<span className="sr-only"> {faultWords[fault].word}</span></ActButton></span>
          </li>
        ))}
      </ul>
    </>
  );
}
