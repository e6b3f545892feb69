// Runs Python under Pyodide, with folders and files of this machine inside it.
//
//   node pyodide.mjs PYODIDE PLAN
//
// PYODIDE is the folder of npm's package. PLAN is a JSON file: `folders` and `files`, each from a path
// inside to a path outside; `source`, the Python to run, whose last expression is the exit status.

import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";

const [folder, planFile] = process.argv.slice(2);
const { loadPyodide } = await import(pathToFileURL(join(folder, "pyodide.mjs")));
const plan = JSON.parse(readFileSync(planFile, "utf8"));
const pyodide = await loadPyodide();
for (const [inside, outside] of Object.entries(plan.folders)) pyodide.mountNodeFS(inside, outside);
for (const [inside, outside] of Object.entries(plan.files)) {
  pyodide.FS.mkdirTree(dirname(inside));
  pyodide.FS.writeFile(inside, new Uint8Array(readFileSync(outside)));
}
let status = 1;
try {
  status = await pyodide.runPythonAsync(plan.source);
} catch (error) {
  // Node would print the source line, which is all of Pyodide.
  console.error(String(error.message));
}
// Deadlines that did not pass still hold their timers.
process.exit(status);
