// Keeps eslint and prettier loaded between files. Runs in the box only: their configuration is code.
// Each line of its input is a job {worker, folder, files, warm}, each line of its output an answer {ok, stdout, exit}.
"use strict";

const fs = require("node:fs");
const path = require("node:path");
const { createRequire } = require("node:module");
const { pathToFileURL } = require("node:url");
const readline = require("node:readline");

// What a configuration prints must not be taken for an answer.
const answer = process.stdout.write.bind(process.stdout);
process.stdout.write = (...parts) => process.stderr.write(...parts);

const kept = new Map();

function once(key, make) {
  if (!kept.has(key)) kept.set(key, make());
  return kept.get(key);
}

// https://eslint.org/docs/latest/integrate/nodejs-api
async function eslintOf(folder) {
  const found = createRequire(path.join(folder, "noop.js"));
  const library = found("eslint");
  const ESLint = library.loadESLint ? await library.loadESLint({ cwd: folder }) : library.ESLint;
  return new ESLint({ cwd: folder, errorOnUnmatchedPattern: false });
}

async function eslint({ folder, files, warm }) {
  const linter = await once(`eslint ${folder}`, () => eslintOf(folder));
  const kinds = await Promise.all(files.map((file) => linter.isPathIgnored(path.resolve(folder, file))));
  const wanted = files.filter((_, place) => !kinds[place]);
  if (warm) {
    await Promise.all(wanted.map((file) => linter.calculateConfigForFile(path.resolve(folder, file))));
    if (wanted.length > 0) await linter.lintText("\n", { filePath: path.resolve(folder, wanted[0]) });
    return { ok: true };
  }
  const results = wanted.length === 0 ? [] : await linter.lintFiles(wanted);
  const told = results.map(({ filePath, messages }) => ({ filePath, messages }));
  const errors = results.some((result) => result.errorCount > 0);
  return { ok: true, stdout: JSON.stringify(told), exit: errors ? 1 : 0 };
}

// https://prettier.io/docs/api
async function prettierOf(folder) {
  const found = createRequire(path.join(folder, "noop.js")).resolve("prettier");
  const library = await import(pathToFileURL(found).href);
  return library.default ?? library;
}

async function prettier({ folder, files, warm }) {
  const library = await once(`prettier ${folder}`, () => prettierOf(folder));
  const differing = [];
  for (const file of files) {
    const place = path.resolve(folder, file);
    const ignorePath = [path.join(folder, ".gitignore"), path.join(folder, ".prettierignore")];
    const { ignored, inferredParser } = await library.getFileInfo(place, { ignorePath, resolveConfig: true });
    const options = await library.resolveConfig(place, { editorconfig: true });
    if (ignored || !(inferredParser || options?.parser)) continue;
    if (warm) {
      await library.format("", { ...options, filepath: place });
      continue;
    }
    const sound = await library.check(fs.readFileSync(place, "utf8"), { ...options, filepath: place });
    if (!sound) differing.push(file);
  }
  return { ok: true, stdout: differing.join("\n"), exit: differing.length > 0 ? 1 : 0 };
}

const WORKERS = { eslint, prettier };

async function main() {
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const job = JSON.parse(line);
    let told;
    try {
      told = await WORKERS[job.worker](job);
    } catch (error) {
      told = { ok: false, error: String(error) };
    }
    answer(JSON.stringify({ ...told, id: job.id }) + "\n");
  }
}

main();
