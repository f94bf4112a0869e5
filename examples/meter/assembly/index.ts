/** Reads an energy meter (Eastron SDM120, Modbus RTU) each second and tells its values. */
import { Serial, Series, app, monotonicNs, print } from "pier";
import { Modbus, Outcome } from "./modbus";

const roundMs = 1_000;
const roundsALine = 10;
/** A meter that stays silent so long may be set to the other rate. */
const silentRoundsMax = 5;
const rates: StaticArray<i32> = [9_600, 2_400];
const labels: StaticArray<string> = ["voltage", "current", "power", "frequency", "energy"];
/** First input registers of these values (SDM120-Modbus manual, input register map). */
const registers: StaticArray<u16> = [0x0000, 0x0006, 0x000c, 0x0046, 0x0156];

class Reading {
  readonly values: StaticArray<f32> = new StaticArray<f32>(labels.length);
  private readonly series: Series[] = [];

  constructor(private readonly modbus: Modbus) {
    for (let index = 0; index < labels.length; index++) this.series.push(Series.open(labels[index]));
  }

  /** Asks for every value, and gives up at the first that does not come. */
  take(): Outcome {
    for (let index = 0; index < labels.length; index++) {
      const outcome = this.modbus.read(registers[index]);
      if (outcome != Outcome.Answered) return outcome;
      this.values[index] = this.modbus.value;
      this.series[index].record(this.values[index]);
    }
    return Outcome.Answered;
  }

  line(): string {
    let text = "";
    for (let index = 0; index < labels.length; index++) text += (index > 0 ? " " : "") + labels[index] + "=" + (Math.round(<f64>this.values[index] * 1_000) / 1_000).toString();
    return text;
  }
}

function worded(outcome: Outcome): string {
  if (outcome == Outcome.Answered) return "answers";
  if (outcome == Outcome.Silent) return "no answer";
  if (outcome == Outcome.Broken) return "broken answer (CRC or value)";
  if (outcome == Outcome.WrongUnit) return "answer of another unit";
  if (outcome == Outcome.WrongLength) return "answer of the wrong length";
  if (outcome == Outcome.Late) return "answers too late";
  if (outcome == Outcome.Refused) return "refuses the question (Modbus exception)";
  return "disconnected";
}

function meter(): void {
  const port = Serial.open("meter");
  const modbus = new Modbus(port);
  const reading = new Reading(modbus);
  let last = Outcome.Answered;
  let rounds = 0;
  let silent = 0;
  let rate = 0;
  // A meter that is unplugged is no failure of the app.
  app.ready();
  let dueNs = monotonicNs();
  while (!app.stopRequested()) {
    app.beat();
    const outcome = reading.take();
    if (outcome == Outcome.Stopped) break;
    if (outcome != last) print("meter: " + worded(outcome));
    last = outcome;
    if (outcome == Outcome.Answered && ++rounds % roundsALine == 0) print(reading.line());
    silent = outcome == Outcome.Silent ? silent + 1 : 0;
    if (silent == silentRoundsMax) {
      silent = 0;
      rate = (rate + 1) % rates.length;
      print("meter: trying " + rates[rate].toString() + " baud");
      port.configure(rates[rate]);
    }
    dueNs = max(dueNs + <u64>roundMs * 1_000_000, monotonicNs());
    if (outcome == Outcome.Disconnected) modbus.awaitPort(roundMs);
    else modbus.pauseUntil(dueNs);
  }
}

meter();
