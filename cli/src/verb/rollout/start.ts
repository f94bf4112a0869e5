import { type Command, InvalidArgumentError } from 'commander';
import { Fault, check } from '@pier/shared/core';
import { type Forecast, RolloutPlan, WavePlan } from '@pier/shared/api';
import { parseSelector } from '@pier/shared/selector';
import { type Common, devicesMeant, openSession, output, withManager } from '../../session/index.ts';
import { counted, notNegative, positive, sizeWords } from '../words.ts';
import { parseWave } from './wave.ts';

type Options = Common & {
  device?: string[];
  selector?: string;
  wave: string[];
  name?: string;
  dynamic: boolean;
  soak: number;
  deadline: number;
  maxInFlight: number;
  onFailure: 'pause' | 'roll_back';
  dryRun: boolean;
};

const collect = (value: string, all: string[]): string[] => [...all, value];

/** `pier rollout start`: says what it will do, and does it unless `--dry-run`. */
export function addRolloutStart(rollout: Command): void {
  withManager(rollout.command('start').argument('<release>'))
    .description('roll a release out, wave by wave')
    .option('--device <device...>', 'these devices, by id or name')
    .option('-l, --selector <text>', 'devices by tags, such as: site=harbour and not exists(spare)')
    .option('--wave <which>', 'a wave: 1, 10%, rest or a selector, with gates such as "10%;success=95;soak=300" or ";manual" (repeatable; the rest comes last)', collect, [])
    .option('--name <name>', 'what it is called')
    .option('--dynamic', 'also devices that match later', false)
    .option('--soak <seconds>', 'how long a device must be well before it counts', notNegative, 60)
    .option('--deadline <seconds>', 'how long a device may take', positive, 600)
    .option('--max-in-flight <n>', 'devices at work at once', positive, 500)
    .option('--on-failure <what>', 'pause, or roll_back', onFailure, 'pause')
    .option('--dry-run', 'only say what it would do', false)
    .action(start);
}

function onFailure(word: string): 'pause' | 'roll_back' {
  if (word !== 'pause' && word !== 'roll_back') throw new InvalidArgumentError('pause or roll_back is expected');
  return word;
}

async function start(release: string, options: Options): Promise<void> {
  const { api } = openSession(options);
  const plan = planOf(release, options);
  const devices = options.device && (await devicesMeant(api, options.device));
  const body = check(RolloutPlan, { ...plan, ...(devices && { devices }) }, { what: 'rollout' });
  if (options.dryRun) {
    const forecast = await api.call('forecastRollout', { body });
    return options.output === 'json' ? output.json(forecast) : tell(forecast);
  }
  if (options.output !== 'json') tell(await api.call('forecastRollout', { body }));
  const one = await api.call('createRollout', { body });
  if (options.output === 'json') return output.json(one);
  output.line(`rollout ${one.id} is ${one.state.replace('_', ' ')}; follow it with: pier rollout watch ${one.id}`);
}

/** All but the devices that are named. Faults: `input-invalid` for a selector or a wave that cannot be read, before anybody is asked. */
function planOf(release: string, options: Options) {
  if ((options.device === undefined) === (options.selector === undefined)) throw new Fault('input-invalid', 'name the devices: either --device DEVICE… or --selector TEXT');
  if (options.selector !== undefined) parseSelector(options.selector);
  const waves = options.wave.map(parseWave).map((wave) => WavePlan.parse(wave));
  return {
    release,
    mode: options.dynamic ? 'dynamic' : 'static',
    soakS: options.soak,
    deadlineS: options.deadline,
    maxInFlight: options.maxInFlight,
    onFailure: options.onFailure,
    ...(waves.length > 0 && { waves }),
    ...(options.name !== undefined && { name: options.name }),
    ...(options.selector !== undefined && { selector: options.selector }),
  };
}

function tell(forecast: Forecast): void {
  output.note(`${forecast.app} ${forecast.version} to ${counted(forecast.devices, 'device')}, ${forecast.online} of them online; ${sizeWords(forecast.bytes)} to fetch`);
  output.note(`waves: ${forecast.waves.map((wave) => `${wave.n}: ${wave.devices}`).join(', ')}`);
  for (const one of forecast.wouldWait) output.note(`would wait: ${one.count} ${one.sentence} [${one.code}]: ${few(one)}`);
  for (const one of forecast.leftOut) output.note(`left out: ${one.count} ${one.sentence} [${one.code}]: ${few(one)}`);
  if (forecast.needsApproval) output.note(`needs approval: ${forecast.needsApproval.reason}`);
}

function few({ devices, count }: Forecast['leftOut'][number]): string {
  return devices.join(', ') + (count > devices.length ? ', …' : '');
}
