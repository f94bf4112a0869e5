import type { ReactNode } from 'react';
import { useMe, useWhyNot } from '../../api/index.ts';
import { Command, Region } from '../../parts/index.ts';

/** A browser makes none of these: the key is made where it stays. */
export function MqttAccess(): ReactNode {
  const me = useMe();
  const why = useWhyNot('operator');
  const name = /^[a-z0-9][a-z0-9-]{0,62}$/.test(me.user) ? me.user : 'NAME';
  return (
    <Region title="MQTT from a shell" note="for operators">
      <p className="people-says">A client certificate lets a person send commands to devices and read what they say, with <code>pier cmd</code> or any MQTT client. The key is made on your machine and stays there; a browser holds none.</p>
      <Command text={`./pier operator certificate --name ${name}`} label="The command that fetches an MQTT certificate" />
      <p className="small dim">Signed in with <code>pier login</code> before. Key, certificate, CA and address are written to <code>PIER_HOME</code>, or to <code>--out DIR</code>; <code>--replace</code> makes a new key in place of one that is there.</p>
      {why !== undefined && <p className="why-off">{why}</p>}
    </Region>
  );
}
