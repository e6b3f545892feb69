// Reads streams with eventsource-parser, all in one process.
//
//   node eventsource_parser.mjs PACKAGE < STREAMS
//
// PACKAGE is the folder of npm's package. STREAMS is a JSON list: each stream a list of pieces in base64.
// Prints a JSON list: of each stream its events, its last event ID and its reconnection time.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const { createParser } = await import(pathToFileURL(join(process.argv[2], "dist", "index.js")));

function read(pieces) {
  const found = { events: [], id: "", retry: null };
  const parser = createParser({
    onId: (id) => (found.id = id),
    onRetry: (retry) => (found.retry = retry),
    onEvent: ({ data, event }) => found.events.push([data, event ?? "message", found.id]),
  });
  // The parser takes text: a TextDecoder before it is how its documentation reads bytes.
  const text = new TextDecoder();
  for (const piece of pieces) parser.feed(text.decode(Buffer.from(piece, "base64"), { stream: true }));
  parser.feed(text.decode());
  return found;
}

console.log(JSON.stringify(JSON.parse(readFileSync(0, "utf8")).map(read)));
