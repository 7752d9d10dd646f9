// What a program does with a client whose types come from the schema. tests/clients/test_clients.py compiles and runs it.
import createClient from "openapi-fetch";
import type { components, paths } from "./schema";

declare const process: { argv: string[] };
const [baseUrl, email, password, picture] = process.argv.slice(2);

function equal(seen: unknown, wanted: unknown): void {
  if (seen !== wanted) throw new Error(`${seen} instead of ${wanted}`);
}

/** The answer's JSON; an error with the problem's code if the store refused. */
function found<T>(answer: { data?: T; error?: components["schemas"]["Problem"]; response: Response }): T {
  if (answer.data === undefined) throw new Error(`${answer.response.status} ${answer.error?.code}`);
  return answer.data;
}

function asForm(body: Record<string, unknown>): FormData {
  const form = new FormData();
  for (const [name, value] of Object.entries(body)) form.append(name, value as Blob);
  return form;
}

const client = createClient<paths>({ baseUrl });
const login = await client.POST("/api/v1/auth/register/", { body: { email, password } });
const session = found(login) as components["schemas"]["Login"];
client.use({
  onRequest({ request }) {
    request.headers.set("Authorization", `Bearer ${session.access}`);
    return request;
  },
});
equal(session.user.email, email);

const album = found(await client.POST("/api/v1/albums/", { body: { title: "Sea" } }));
equal(found(await client.GET("/api/v1/albums/")).results[0].title, "Sea");

const bytes = Uint8Array.from(atob(picture), (letter) => letter.charCodeAt(0));
// OpenAPI has no type for bytes, so the generator says string.
const file = new Blob([bytes]) as unknown as string;
const path = { album: album.id };
const upload = await client.POST("/api/v1/albums/{album}/images/", {
  params: { path },
  body: { file, caption: "Waves" },
  bodySerializer: asForm,
});
equal(upload.response.status, 201);
const image = found(upload);
const listed = found(await client.GET("/api/v1/albums/{album}/images/", { params: { path, query: { page_size: 5 } } }));
equal(listed.results.map((one) => one.caption).join(), "Waves");

const download = await client.GET("/api/v1/images/{image}/file/", {
  params: { path: { image: image.id } },
  parseAs: "arrayBuffer",
});
equal(new Uint8Array(found(download)).join(), bytes.join());

const gone = await client.DELETE("/api/v1/images/{image}/", {
  params: { path: { image: image.id }, query: { permanent: true } },
});
equal(gone.response.status, 204);
const again = await client.GET("/api/v1/images/{image}/", { params: { path: { image: image.id } } });
equal(again.error?.code, "not_found");
