// What the drivers for Node.js share: steps with a name, run in order and told as lines of JSON.

// The first funded accounts of every exchange. The keys are public: never send real funds there.
export const ADDRESS = "0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266";
export const KEY = "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80";
export const FRIEND = "0x70997970c51812dc3a010c7d01b50e0d17dc79c8";
export const FRIEND_KEY = "0x59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d";
export const OTHER = "0x3c44cdddb6a900fa2b585dd299e03d12fa4293bc";
export const OTHER_KEY = "0x5de4111afa1a4b94908f83103eb1f1706367c2e68ca870fc3fb9a804cdab365a";
export const AGENT = "0x19e7e376e7c213b7e7e7e46cc70a5dd086daff2a";
export const AGENT_KEY = "0x" + "11".repeat(32);
export const URL = process.argv[2] ?? "http://127.0.0.1:3001";

const steps = [];

/** Names what a step shows; it fails by throwing. */
export function can(capability, step) {
  steps.push([capability, step]);
}

/** Runs every step, in order. `lacks`: for what the client has no method. */
export async function run(lacks) {
  for (const [capability, step] of steps) {
    try {
      await step();
      console.log(JSON.stringify({ capability, works: true }));
    } catch (error) {
      console.log(JSON.stringify({ capability, error: String(error.stack ?? error) }));
    }
  }
  for (const capability of lacks) {
    console.log(JSON.stringify({ capability, works: false }));
  }
}

/** Moves the exchange's clock: `await advance({ minutes: 5 })`. */
export async function advance(amounts) {
  const response = await fetch(`${URL}/hlsim/clock/advance`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(amounts),
  });
  if (!response.ok) throw new Error(await response.text());
}

/** What a call says that must fail. */
export async function refusal(call) {
  try {
    await call();
  } catch (error) {
    return String(error.message);
  }
  throw new Error("it was accepted");
}

/** A promise that fails when it takes too long. */
export function soon(promise, milliseconds = 20_000) {
  let timer;
  const late = new Promise((_, fail) => {
    timer = setTimeout(() => fail(new Error(`nothing came for ${milliseconds} ms`)), milliseconds);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}
