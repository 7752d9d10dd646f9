/** Files out of a drop or a paste, folders walked to their leaves. */

function entriesOf(directory) {
  const reader = directory.createReader();
  const all = [];
  return new Promise((resolve, reject) => {
    // readEntries hands out at most 100 at a time, and an empty list at the end.
    const more = () =>
      reader.readEntries((some) => {
        all.push(...some);
        if (some.length) more();
        else resolve(all);
      }, reject);
    more();
  });
}

async function walk(entry) {
  if (entry.isFile) return [await new Promise((resolve, reject) => entry.file(resolve, reject))];
  const inside = await entriesOf(entry);
  return (await Promise.all(inside.map(walk))).flat();
}

export async function filesOf(transfer) {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  const files = entries.length ? (await Promise.all(entries.map(walk))).flat() : [...transfer.files];
  return files.filter((file) => !file.name.startsWith("."));
}

export const hasFiles = (transfer) => Boolean(transfer?.types.includes("Files"));
