/** Reads the files of a picker, a drop or a paste, each with the folders that it was in. */

const FOLDER_SEPARATOR = " / ";

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

const fileOf = (entry) => new Promise((resolve, reject) => entry.file(resolve, reject));

async function filesIn(entry, folders = []) {
  if (entry.isFile) return [{ file: await fileOf(entry), folder: folders.join(FOLDER_SEPARATOR) }];
  const entries = await readEntries(entry);
  return (await Promise.all(entries.map((one) => filesIn(one, [...folders, entry.name])))).flat();
}

/** Systems keep their own notes in hidden files, whose names begin with a dot. */
const withoutHidden = (picked) => picked.filter(({ file }) => !file.name.startsWith("."));

/** @returns {Promise<{file: File, folder: string}[]>} of a DataTransfer; the folder as "Trip / Day 1", or "". */
export async function transferredFiles(transfer) {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  if (!entries.length) return withoutHidden([...transfer.files].map((file) => ({ file, folder: "" })));
  return withoutHidden((await Promise.all(entries.map((entry) => filesIn(entry)))).flat());
}

/** The same of an <input>, which may be a picker of folders. */
export function pickedFiles(input) {
  const folderOf = ({ webkitRelativePath }) => (webkitRelativePath ?? "").split("/").slice(0, -1);
  return withoutHidden([...input.files].map((file) => ({ file, folder: folderOf(file).join(FOLDER_SEPARATOR) })));
}

export const hasFiles = (transfer) => Boolean(transfer?.types.includes("Files"));
