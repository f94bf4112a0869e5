/** Blinks a LED each 250 ms; each press of the button is said, and makes it blink fast for two seconds. */
import { Input, Output, app, monotonicNs, print, sleepMs } from "pier";

const slowNs: u64 = 250_000_000;
const fastNs: u64 = 50_000_000;
const fastForNs: u64 = 2_000_000_000;
const beatEachNs: u64 = 1_000_000_000;
const pauseMs = 10;

function blink(): void {
  const led = Output.open("led");
  const button = Input.open("button");
  button.watch();
  app.ready();
  let fastUntilNs: u64 = 0;
  let toggledNs = monotonicNs();
  let beatNs = toggledNs;
  while (!app.stopRequested()) {
    const nowNs = monotonicNs();
    const edges = button.events();
    for (let index = 0; index < edges.length; index++) {
      if (!edges[index].active) continue;
      print("button pressed seq=" + edges[index].seq.toString());
      fastUntilNs = nowNs + fastForNs;
    }
    if (nowNs - toggledNs >= (nowNs < fastUntilNs ? fastNs : slowNs)) {
      led.toggle();
      toggledNs = nowNs;
    }
    if (nowNs - beatNs >= beatEachNs) {
      app.beat();
      beatNs = nowNs;
    }
    sleepMs(pauseMs);
  }
}

blink();
