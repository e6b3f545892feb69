// Times eventsource-parser on one workload: bytes in, events out, as the decoders in Python are timed.
//
//   node sse.mjs FOLDER BODY DATA READ ROUNDS
//
// FOLDER holds the node_modules with the package; BODY is the file with the stream, of which READ bytes
// come at a time; DATA is a JSON list of the data of each event. Prints {"seconds": [...], "right": bool}.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const [folder, bodyFile, dataFile, readText, roundsText] = process.argv.slice(2);
const { createParser } = createRequire(join(folder, "here.js"))("eventsource-parser");
const body = readFileSync(bodyFile);
const expected = JSON.parse(readFileSync(dataFile, "utf8"));
const read = Number(readText);

// Equal pieces are one object, so that they are in the processor's cache, as bytes are that have just come.
const pool = new Map();
const pieces = [];
for (let start = 0; start < body.length; start += read) {
  const piece = body.subarray(start, start + read);
  const key = piece.toString("latin1");
  if (!pool.has(key)) pool.set(key, piece);
  pieces.push(pool.get(key));
}

const seconds = [];
let right = true;
for (let round = 0; round < Number(roundsText); round++) {
  // Compared as they come, the last one after the clock has stopped, as in Python.
  const end = expected.length - 1;
  let count = 0;
  let last = "";
  const onEvent = ({ data }) => {
    last = data;
    if (count < end && data !== expected[count]) right = false;
    count += 1;
  };
  const begin = performance.now();
  // The parser takes text: a TextDecoder before it is how its documentation reads bytes.
  const text = new TextDecoder();
  const parser = createParser({ onEvent });
  for (const piece of pieces) parser.feed(text.decode(piece, { stream: true }));
  seconds.push((performance.now() - begin) / 1000);
  right &&= count === expected.length && last === expected[end];
}
console.log(JSON.stringify({ seconds, right }));
