import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { ROOT } from "../../static/js/root.js";
import { metadata, uploadInParts } from "../../static/js/tus.js";

const UPLOAD = "/api/v1/uploads/7/";
const IMAGE = { "Content-Location": "https://store/api/v1/images/42/" };

/** What the store answers, one after the other, and what it was asked. */
let answers;
let asked;
let begun;

const answer = (status, headers = {}, body = "") => ({
  status,
  responseText: JSON.stringify(body),
  getResponseHeader: (name) => headers[name] ?? null,
});

const request = async (method, url, { headers, body }) => {
  asked.push([method, url, headers["Upload-Offset"], body?.size]);
  return answers.shift();
};

function upload(uploadUrl) {
  const item = { file: new File(["0123456789"], "sea.jpg"), album: { id: "1" }, sha256: "ab", uploadUrl };
  const options = { onBegin: (url) => begun.push(url), onOffset() {}, onProgress() {} };
  return uploadInParts(item, options, request);
}

beforeEach(() => {
  [answers, asked, begun] = [[], [], []];
});

test("metadata are keys with base64 of UTF-8", () => {
  assert.equal(metadata({ filename: "\u00e9.jpg", album: "1", sha256: undefined }), "filename w6kuanBn,album MQ==");
});

test("a new file is created, then sent", async () => {
  answers = [answer(201, { Location: `http://inside${UPLOAD}`, "Upload-Offset": "0" })];
  answers.push(answer(204, { "Upload-Offset": "10", ...IMAGE }));
  const { ok, duplicate, id } = await upload();
  assert.deepEqual({ ok, duplicate, id }, { ok: true, duplicate: false, id: "42" });
  assert.deepEqual(asked, [
    ["POST", `${ROOT}api/v1/uploads/`, undefined, undefined],
    ["PATCH", UPLOAD, 0, 10],
  ]);
  assert.deepEqual(begun, [UPLOAD]);
});

test("a large file goes in parts of 8 MiB, and only its last byte ends the sending", async () => {
  const part = 8 * 2 ** 20;
  const sent = [];
  const item = { file: new File([new Uint8Array(part + 5)], "sea.jpg"), album: { id: "1" }, uploadUrl: UPLOAD };
  const options = { onOffset() {}, onProgress() {}, onSent: () => sent.push(asked.length) };
  answers = [answer(200, { "Upload-Offset": "0" }), answer(204, { "Upload-Offset": `${part}` })];
  answers.push(answer(204, { "Upload-Offset": `${part + 5}`, ...IMAGE }));
  const response = await uploadInParts(item, options, (method, url, more) => {
    const answered = request(method, url, more);
    more.onSent?.();
    return answered;
  });
  assert.equal(response.id, "42");
  assert.deepEqual(asked.slice(1), [
    ["PATCH", UPLOAD, 0, part],
    ["PATCH", UPLOAD, part, 5],
  ]);
  assert.deepEqual(sent, [3]);
});

test("a file that the album has is not sent", async () => {
  answers = [answer(201, { Location: `http://store${UPLOAD}`, "Upload-Offset": "10", ...IMAGE })];
  const { ok, duplicate, id } = await upload();
  assert.deepEqual({ ok, duplicate, id }, { ok: true, duplicate: true, id: "42" });
});

test("a broken upload goes on with the bytes that the store does not have", async () => {
  answers = [answer(200, { "Upload-Offset": "6" }), answer(204, { "Upload-Offset": "10", ...IMAGE })];
  assert.equal((await upload(UPLOAD)).ok, true);
  assert.deepEqual(asked, [
    ["HEAD", UPLOAD, undefined, undefined],
    ["PATCH", UPLOAD, 6, 4],
  ]);
});

test("one whose last answer was lost is not sent again", async () => {
  answers = [answer(200, { "Upload-Offset": "10", ...IMAGE })];
  const { ok, duplicate, id } = await upload(UPLOAD);
  assert.deepEqual({ ok, duplicate, id }, { ok: true, duplicate: false, id: "42" });
});

test("one that has ended begins anew", async () => {
  answers = [answer(404), answer(201, { Location: "http://store/api/v1/uploads/8/", "Upload-Offset": "0" })];
  answers.push(answer(204, { "Upload-Offset": "10", ...IMAGE }));
  assert.equal((await upload(UPLOAD)).ok, true);
  assert.deepEqual(begun, [undefined, "/api/v1/uploads/8/"]);
});

test("a refusal ends the upload and tells why", async () => {
  answers = [answer(200, { "Upload-Offset": "0" }), answer(415, {}, { detail: "No picture." })];
  const { ok, status, detail } = await upload(UPLOAD);
  assert.deepEqual({ ok, status, detail }, { ok: false, status: 415, detail: "No picture." });
  assert.deepEqual(begun, [undefined]);
});

for (const status of [0, 409, 423]) {
  test(`after ${status} the same upload is tried again`, async () => {
    answers = [answer(200, { "Upload-Offset": "0" }), answer(status)];
    assert.equal((await upload(UPLOAD)).status, 0);
    assert.deepEqual(begun, []);
  });
}

test("an ended login leaves the upload as it is", async () => {
  answers = [answer(200, { "Upload-Offset": "0" }), answer(401)];
  assert.equal((await upload(UPLOAD)).status, 401);
  assert.deepEqual(begun, []);
});

test("a deleted album is told of", async () => {
  answers = [answer(200, { "Upload-Offset": "0" }), answer(404)];
  assert.equal((await upload(UPLOAD)).status, 0);
  assert.deepEqual(begun, [undefined]);
  answers = [answer(404)];
  assert.deepEqual((await upload()).detail, { reason: "albumDeleted" });
});
