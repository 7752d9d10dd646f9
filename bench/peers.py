"""Other programs to compare with. The benches install them, into a folder that Git ignores."""

import json
import subprocess
from pathlib import Path
from typing import Self

_FOLDER = Path(__file__).parent / ".peers"
_SHARP = "sharp@0.35.5"
_SHARP_PROGRAM = """
const sharp = require("sharp");
const [sizes, quality] = JSON.parse(process.argv[1]);
sharp.cache(false);
sharp.concurrency(1);
const fit = (size) => ({ width: size, height: size, fit: "inside", withoutEnlargement: true });
const raw = (made) => sharp(made.data, { raw: made.info });
async function best(path) {
  let made = await sharp(path).rotate().resize(fit(sizes[0])).raw().toBuffer({ resolveWithObject: true });
  for (const size of sizes) {
    if (size !== sizes[0]) made = await raw(made).resize(fit(size)).raw().toBuffer({ resolveWithObject: true });
    await raw(made).jpeg({ quality }).toBuffer();
  }
}
async function usual(path) {
  const whole = sharp(path).rotate();
  await Promise.all(sizes.map((size) => whole.clone().resize(fit(size)).jpeg({ quality }).toBuffer()));
}
require("readline").createInterface({ input: process.stdin }).on("line", async (line) => {
  const [way, path] = JSON.parse(line);
  const before = process.cpuUsage();
  await { best, usual }[way](path);
  const used = process.cpuUsage(before);
  console.log((used.user + used.system) / 1000);
});
"""


class Sharp:
    """sharp (libvips for Node.js), with one thread and no cache, in a process that goes on between pictures.

    `best` decodes once and makes each size from the one before; `usual` is what its documentation shows: a clone
    for each size.
    """

    def __init__(self, sizes: list[int], quality: int) -> None:
        self._argument = json.dumps([sorted(sizes, reverse=True), quality])

    def __enter__(self) -> Self:
        _FOLDER.mkdir(exist_ok=True)
        if not (_FOLDER / "node_modules" / "sharp").exists():
            subprocess.run(
                ["npm", "install", "--prefix", str(_FOLDER), "--no-fund", "--no-audit", _SHARP], check=True
            )
        self._process = subprocess.Popen(
            ["node", "-e", _SHARP_PROGRAM, self._argument],
            cwd=_FOLDER,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait()

    def cpu_ms(self, way: str, path: Path) -> float:
        assert self._process.stdin
        assert self._process.stdout
        print(json.dumps([way, str(path)]), file=self._process.stdin, flush=True)
        return float(self._process.stdout.readline())
