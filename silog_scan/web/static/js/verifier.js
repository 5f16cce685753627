// A worker of its own, so that the page stays awake; what it is handed goes nowhere.
import { verify } from "./verdict.js";

self.onmessage = async ({ data: { id, ...question } }) => {
  const answer = await verify(question, (part, events) => self.postMessage({ id, part, events }));
  self.postMessage({ id, answer });
};
self.postMessage({ isReady: true });
