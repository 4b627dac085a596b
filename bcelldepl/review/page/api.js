// Requests to the server that this page came from, and to no other.

export class Refused extends Error {
  constructor(answer, status) {
    const where = answer.where ? `${answer.where}: ` : "";
    super(`${where}${answer.what}${answer.remedy ? ` (${answer.remedy})` : ""}`);
    this.conflict = status === 409;
  }
}

async function answered(response) {
  if (response.ok) return response;
  const text = await response.text();
  let answer = { what: text || `the server answered ${response.status}` };
  try { answer = JSON.parse(text); } catch { /* words as they are */ }
  throw new Refused(answer, response.status);
}

async function ask(path, options) {
  let response;
  try {
    response = await fetch(`api/${path}`, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Refused({ what: "the server does not answer", remedy: "start `bcelldepl review` again" }, 0);
  }
  return answered(response);
}

const posted = (content) => ({
  method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(content),
});

export const get = async (path) => (await ask(path)).json();
export const post = async (path, content) => (await ask(path, posted(content))).json();

// A header in JSON, then 32-bit numbers: see `packed` in pictures.py.
export async function getPacked(path, content) {
  const bytes = await (await ask(path, content === undefined ? undefined : posted(content))).arrayBuffer();
  const length = new DataView(bytes).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(bytes, 4, length)));
  return { header, numbers: new Uint32Array(bytes, 4 + length) };
}
