/** Reads the files of a drop or a paste. It opens dropped folders and their subfolders. */

function readEntries(directory) {
  const reader = directory.createReader();
  const entries = [];
  return new Promise((resolve, reject) => {
    // The browser returns at most 100 entries a call, and an empty list after the last one.
    const readMore = () =>
      reader.readEntries((batch) => {
        entries.push(...batch);
        if (batch.length) readMore();
        else resolve(entries);
      }, reject);
    readMore();
  });
}

async function filesIn(entry) {
  if (entry.isFile) return [await new Promise((resolve, reject) => entry.file(resolve, reject))];
  const entries = await readEntries(entry);
  return (await Promise.all(entries.map(filesIn))).flat();
}

/** All files of a DataTransfer except hidden ones, whose names begin with a dot. */
export async function transferredFiles(transfer) {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  const files = entries.length ? (await Promise.all(entries.map(filesIn))).flat() : [...transfer.files];
  return files.filter((file) => !file.name.startsWith("."));
}

export const hasFiles = (transfer) => Boolean(transfer?.types.includes("Files"));
