// Questions to the server. Every refusal is an Error whose message is the server's one line.

const AGAIN_MS = 700;

export class Refusal extends Error {
  constructor(status, text) {
    const given = parsed(text);
    super(given?.error ?? (text.trim() || `The server answered ${status}.`));
    this.status = status;
    this.answer = given;
  }
}

function parsed(text) {
  try {
    const value = JSON.parse(text);
    return typeof value === "object" ? value : null;
  } catch {
    return null;
  }
}

async function reach(path, options) {
  try {
    return await fetch(path, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Refusal(0, "The server does not answer. Start it again with `danceit open`; nothing on this page is lost.");
  }
}

// JSON of an address; with a body it is posted.
export async function ask(path, { body, signal } = {}) {
  const options = body === undefined
    ? { signal }
    : { signal, method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
  const answer = await reach(path, options);
  const text = await answer.text();
  if (!answer.ok) throw new Refusal(answer.status, text);
  return JSON.parse(text);
}

// An answer that the server may still be making (202 with a share): asked for again until it is there.
export async function whenReady(path, { headers = {}, making = () => {} } = {}) {
  for (;;) {
    const answer = await reach(path, { headers });
    if (answer.status !== 202) {
      if (!answer.ok) throw new Refusal(answer.status, await answer.text());
      return answer;
    }
    making((await answer.json()).share ?? 0);
    await new Promise((done) => { setTimeout(done, AGAIN_MS); });
  }
}

export const inPath = (...parts) => parts.map(encodeURIComponent).join("/");
