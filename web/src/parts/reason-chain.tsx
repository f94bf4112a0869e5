import type { ReactNode } from 'react';
import { capital, remediesOf, whyLook } from '../words/index.ts';
import { Command } from './copy.tsx';
import { Icon } from './icon.tsx';
import './reason-chain.css';

export type ChainCheck = { readonly check: string; readonly verdict: 'passed' | 'holds' | 'not_reached'; readonly evidence: string };
type Props = {
  readonly checks: readonly ChainCheck[];
  readonly code: string;
  readonly sentence: string;
  readonly remedy: string | null;
  /** The device runs what is wanted: what decided is a note, and there is nothing to mend. */
  readonly calm?: boolean;
  /** What can be done about it right here; then the commands fold away behind it. */
  readonly children?: ReactNode;
};

/** Why a device is not updated: the checks in the order in which they are made, and the first that says no. On phones passed ones fold to a count. */
export function ReasonChain({ checks, code, sentence, remedy, calm = false, children }: Props): ReactNode {
  const passed = checks.filter(({ verdict }) => verdict === 'passed');
  const holds = checks.find(({ verdict }) => verdict === 'holds');
  const rest = checks.filter(({ verdict }) => verdict === 'not_reached');
  if (holds === undefined && rest.length === 0 && passed.length > 1) return <AllPassed passed={passed} />;
  return (
    <ol className="chain">
      {passed.length > 0 && (
        <li className="chain-step chain-fold">
          <span className="chain-icon f-ok"><Icon name="check" /></span>
          <p>{passed.length === 1 ? '1 check passed' : `${passed.length} checks passed`}</p>
          <p className="small dim">{passed.map(({ check }) => check).join(', ')}</p>
        </li>
      )}
      {passed.map(({ check, evidence }) => (
        <li key={check} className="chain-step chain-passed">
          <span className="chain-icon f-ok"><Icon name="check" /></span>
          <p>{capital(check)}{evidence !== '' && <span className="dim small">, {evidence}</span>}</p>
        </li>
      ))}
      {holds && calm && (
        <li className="chain-step">
          <span className="chain-icon f-waiting"><Icon name="dashed" /></span>
          <p>{sentence}</p>
          <p className="small dim">{capital(holds.check)}{holds.evidence !== '' && `: ${holds.evidence}`}. <code>{code}</code></p>
        </li>
      )}
      {holds && !calm && <Deciding check={holds} code={code} sentence={sentence} remedy={remedy}>{children}</Deciding>}
      {rest.length > 0 && (
        <li className="chain-step chain-rest">
          <span className="chain-icon f-waiting"><Icon name="dashed" /></span>
          {rest.length === 1 ? <p className="dim">{capital(rest[0]?.check ?? '')}: not reached</p> : <details className="dim"><summary>{rest.length} more checks not reached</summary>{capital(rest.map(({ check }) => check).join(', '))}.</details>}
        </li>
      )}
    </ol>
  );
}

/** Nothing is to be done, so the list waits until it is asked for. */
function AllPassed({ passed }: { passed: readonly ChainCheck[] }): ReactNode {
  return (
    <details className="chain chain-all">
      <summary><span className="mark f-ok"><Icon name="check" /></span>All {passed.length} checks pass</summary>
      <ol>
        {passed.map(({ check, evidence }) => (
          <li key={check} className="chain-step">
            <span className="chain-icon f-ok"><Icon name="check" /></span>
            <p>{capital(check)}{evidence !== '' && <span className="dim small">, {evidence}</span>}</p>
          </li>
        ))}
      </ol>
    </details>
  );
}

function Deciding({ check: { check, evidence }, code, sentence, remedy, children }: { check: ChainCheck } & Omit<Props, 'checks' | 'calm'>): ReactNode {
  const look = whyLook(code);
  return (
    <li className={`chain-step chain-holds f-${look.family}`}>
      <span className="chain-icon"><Icon name={look.icon} turns={look.icon === 'ring'} /></span>
      <p className="strong">{sentence}</p>
      <p className="small soft">{capital(check)}{evidence !== '' && `: ${evidence}`}. <code>{code}</code></p>
      {children !== undefined && <div className="chain-acts">{children}</div>}
      {remediesOf(remedy).map(({ words, command }) => (
        <div key={`${words} ${command}`} className="chain-remedy">
          {words !== undefined && <p className="small soft">{words}{command === undefined ? '.' : ':'}</p>}
          {command !== undefined && <Command text={command} label="A command that mends it" />}
        </div>
      ))}
    </li>
  );
}
