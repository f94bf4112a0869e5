import { type ReactNode, useState } from 'react';
import type { AnswerOf } from '@pier/shared/api';
import { useAnswer } from '../../api/index.ts';
import { ActButton, Answered, Copy, Region, saveFile } from '../../parts/index.ts';

/** Where everything but a browser reaches this manager, and what it has to trust there. */
export function Addresses(): ReactNode {
  const addresses = useAnswer('getAddresses', {});
  return (
    <Region title="Addresses">
      <Answered of={addresses} what="the addresses of this manager">{(now) => <AddressFacts addresses={now} />}</Answered>
    </Region>
  );
}

function AddressFacts({ addresses: { device, mqtt, registry, ca } }: { addresses: AnswerOf<'getAddresses'> }): ReactNode {
  const rows = [['UI and API', window.location.origin], ['Devices', device], ['MQTT', mqtt], ['Registry', registry]] as const;
  return (
    <>
      <dl className="settings-facts">
        {rows.map(([name, url]) => <div key={name}><dt>{name}</dt><dd className="settings-address"><span className="mono">{url}</span><Copy text={url} bare /></dd></div>)}
      </dl>
      <h3 className="settings-ca">CA certificate</h3>
      <p className="small dim">Devices, MQTT and registry are served under this manager’s own authority: whoever comes there without an enrolment trusts this certificate.</p>
      <CaFile pem={ca} />
    </>
  );
}

function CaFile({ pem }: { pem: string }): ReactNode {
  const [shown, setShown] = useState(false);
  return (
    <>
      <div className="settings-act">
        <ActButton compact icon="download" onClick={() => saveFile('pier-ca.crt', pem, 'application/x-x509-ca-cert')}>Download pier-ca.crt</ActButton>
        <Copy text={pem} label="Copy as PEM" />
        <ActButton compact variant="plain" onClick={() => setShown(!shown)}>{shown ? 'Hide it' : 'Show it'}</ActButton>
      </div>
      {shown && <pre className="settings-pem">{pem.trim()}</pre>}
    </>
  );
}
