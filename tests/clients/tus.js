// Sends a file with tus-js-client: aborts after `abortAfter` bytes, and goes on in a new upload, as after a restart.
// Prints where it went on, and the path of the image.
import { readFileSync } from "node:fs";
import { Upload } from "tus-js-client";

const [url, token, album, file, options] = process.argv.slice(2);
const { abortAfter, ...given } = JSON.parse(options);
const content = readFileSync(file);
let image = "";
let resumedAt = 0;

function send(more, onProgress = () => {}) {
  return new Promise((resolve, reject) => {
    const upload = new Upload(content, {
      endpoint: `${url}/api/v1/uploads/`,
      headers: { Authorization: `Bearer ${token}` },
      metadata: { filename: "Meer é.jpg", album, filetype: "image/jpeg" },
      retryDelays: [0, 500, 1000, 2000, 4000, 8000],
      ...given,
      ...more,
      onProgress(bytes) {
        onProgress(upload, bytes, resolve);
      },
      onAfterResponse(request, response) {
        image = response.getHeader("Content-Location") ?? image;
        if (request.getMethod() === "HEAD") resumedAt = Number(response.getHeader("Upload-Offset"));
      },
      onSuccess: () => resolve(upload.url),
      onError: reject,
    });
    upload.start();
  });
}

const abortOnce = async (upload, bytes, resolve) => {
  if (abortAfter && bytes >= abortAfter && upload.url) {
    await upload.abort();
    resolve(upload.url);
  }
};
const uploadUrl = await send({}, abortOnce);
if (!image) await send({ uploadUrl });
console.log(JSON.stringify({ image: new URL(image).pathname, resumedAt }));
