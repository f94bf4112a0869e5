/** Counts its own starts in a file that outlives them. */
import { File, app, print, sleepMs } from "pier";

function journal(): void {
  const file = File.open("/data/journal.txt");
  file.append("start\n");
  const starts = file.readText().split("\n").length - 1;
  file.close();
  print("starts=" + starts.toString());
  app.ready();
  while (!app.stopRequested()) {
    app.beat();
    sleepMs(100);
  }
}

journal();
