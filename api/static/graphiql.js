// GraphiQL with the key filled in, over HTTP and, for live fields, a WebSocket; it hands on what one tab answers to the next.
"use strict";

const config = JSON.parse(document.getElementById("config").textContent);
const credentials = { Authorization: `Bearer ${config.key}` };

// What is kept belongs to this key, so that a new installation begins afresh.
const PREFIX = `assent:${config.key.slice(-8)}:`;
const storage = {
  getItem: (name) => localStorage.getItem(PREFIX + name),
  setItem: (name, value) => localStorage.setItem(PREFIX + name, value),
  removeItem: (name) => localStorage.removeItem(PREFIX + name),
  get length() { return Object.keys(localStorage).filter((name) => name.startsWith(PREFIX)).length; },
  clear: () => Object.keys(localStorage).filter((name) => name.startsWith(PREFIX)).forEach((name) => localStorage.removeItem(name)),
};

// "<createCustomer.customer.id>" in variables stands for what was last answered at that path.
const answers = JSON.parse(storage.getItem("answers") ?? "{}");

function remember(result) {
  for (const [field, value] of Object.entries(result.data ?? {})) if (value !== null && !field.startsWith("__")) answers[field] = value;
  storage.setItem("answers", JSON.stringify(answers));
  const made = result.data?.createSetupSession?.setupSession;
  const followed = result.data?.setupSession;
  if (made?.url?.startsWith("http")) lead(made.url, "Save a method on the hosted page; SavedMethod (▶ offers it in this tab) shows what comes of it.");
  if (followed?.paymentMethod) lead(null, `${followed.paymentMethod.label} is saved: the next tab subscribes with it.`);
  return result;
}

// Says what comes next, with the address to go to, if any.
function lead(url, hint) {
  document.getElementById("hint").textContent = hint;
  Object.assign(document.getElementById("next"), { href: url ?? "", hidden: url === null });
}

function fillIn(value) {
  if (Array.isArray(value)) return value.map(fillIn);
  if (value !== null && typeof value === "object") return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, fillIn(each)]));
  const path = typeof value === "string" && /^<([\w.]+)>$/.exec(value)?.[1].split(".");
  return path ? path.reduce((at, name) => at?.[name], answers) ?? value : value;
}

function isLive({ query, operationName }) {
  const operation = operationName ? new RegExp(`\\bsubscription\\s+${operationName}\\b`) : /^\s*subscription\b/m;
  return operation.test(query.replace(/#.*$/gm, ""));
}

async function post(params, headers) {
  const answer = await fetch("/graphql", {
    method: "POST",
    headers: { Accept: "application/graphql-response+json, application/json", "Content-Type": "application/json", ...credentials, ...headers },
    body: JSON.stringify(params),
  });
  return remember(await answer.json());
}

// One socket for one live operation, as an iterator whose `return` closes it.
function subscribe(params, headers) {
  const socket = new WebSocket(location.href.replace(/^http/, "ws").replace(/[?#].*$/, ""), "graphql-transport-ws");
  const authorization = Object.entries({ ...credentials, ...headers }).find(([name]) => name.toLowerCase() === "authorization")?.[1];
  const news = [];
  let wake = () => {};
  const tell = (item) => { news.push(item); wake(); };
  const send = (message) => socket.send(JSON.stringify(message));
  socket.onopen = () => send({ type: "connection_init", payload: { authorization } });
  socket.onclose = (event) => tell(event.code === 1000 ? { done: true } : { error: new Error(`Socket closed: ${event.code} ${event.reason}`) });
  socket.onmessage = (event) => {
    const message = JSON.parse(event.data);
    if (message.type === "connection_ack") send({ id: "1", type: "subscribe", payload: params });
    else if (message.type === "ping") send({ type: "pong" });
    else if (message.type === "next") tell({ value: remember(message.payload) });
    else if (message.type === "error") tell({ value: { errors: message.payload } });
    else if (message.type === "complete") tell({ done: true });
  };
  return {
    [Symbol.asyncIterator]() { return this; },
    async next() {
      while (!news.length) await new Promise((resolve) => { wake = resolve; });
      const { value, error, done = false } = news.shift();
      if (error) throw error;
      return { value, done };
    },
    async return() { socket.close(1000); return { value: undefined, done: true }; },
  };
}

function fetcher(params, { headers = {} } = {}) {
  const filled = { ...params, variables: fillIn(params.variables ?? {}) };
  return isLive(filled) ? subscribe(filled, headers) : post(filled, headers);
}

// GraphiQL shows the first tab's query and forgets its variables.
const isFirstVisit = storage.getItem("graphiql:tabState") === null;

const shownHeaders = JSON.stringify(credentials, null, 2);
ReactDOM.createRoot(document.getElementById("graphiql")).render(
  React.createElement(GraphiQL, {
    fetcher,
    storage,
    defaultHeaders: shownHeaders,
    variables: isFirstVisit ? config.tabs[0]?.variables : undefined,
    defaultTabs: config.tabs.map((tab) => ({ ...tab, headers: shownHeaders })),
    defaultEditorToolsVisibility: "variables",
  }),
);
