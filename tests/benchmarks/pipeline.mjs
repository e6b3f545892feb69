// Times eventsource-parser with JSON.parse on chat streams, as the contenders in Python are timed.
//
//   node pipeline.mjs FOLDER PLAN
//
// FOLDER holds the node_modules with the package. PLAN is a JSON file: how many rounds, and for each
// workload the file with its bytes, the length of each read, the text that it says, how many chunks it has
// (or null where nobody counts) and whether it ends well. Prints a list with, for each workload, the
// seconds of each round, or what was wrong.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const [folder, planFile] = process.argv.slice(2);
const { createParser } = createRequire(join(folder, "here.js"))("eventsource-parser");
const plan = JSON.parse(readFileSync(planFile, "utf8"));

function readsOf({ body, reads }) {
  const bytes = readFileSync(body);
  // Equal reads are one object, so that they are in the processor's cache, as bytes are that have just come.
  const pool = new Map();
  let end = 0;
  return reads.map((length) => {
    const read = bytes.subarray(end, (end += length));
    const key = read.toString("latin1");
    if (!pool.has(key)) pool.set(key, read);
    return pool.get(key);
  });
}

function read(reads, parts) {
  let count = 0;
  let done = false;
  const onEvent = ({ data }) => {
    if (done || data === "[DONE]") {
      done = true;
      return;
    }
    const chunk = JSON.parse(data);
    count += 1;
    if (chunk.choices.length) {
      const content = chunk.choices[0].delta.content;
      if (content) parts.push(content);
    }
  };
  // The parser takes text. Streams of bytes are decoded as its own documentation does it.
  const text = new TextDecoder();
  const parser = createParser({ onEvent });
  for (const piece of reads) parser.feed(text.decode(piece, { stream: true }));
  return count;
}

function timed(workload) {
  const reads = readsOf(workload);
  const seconds = [];
  for (let round = 0; round < plan.rounds; round++) {
    const parts = [];
    let count = null;
    const begin = performance.now();
    try {
      count = read(reads, parts);
    } catch (error) {
      if (workload.complete) return error.name;
    }
    seconds.push((performance.now() - begin) / 1000);
    if (parts.join("") !== workload.text) return "wrong";
    if (workload.chunks !== null && count !== workload.chunks) return "wrong";
  }
  return seconds;
}

console.log(JSON.stringify(plan.workloads.map(timed)));
