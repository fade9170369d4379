// The streams of ccxt for Node.js: `node ccxt_streams.mjs [URL]`.
import assert from "node:assert/strict";

import { BTC, client, HYPE } from "./ccxt_bot.mjs";
import { ADDRESS, can, KEY, OTHER, OTHER_KEY, run, soon } from "./steps.mjs";

const LACKS = [
  "streams: user events",
  "streams: funding payments",
  "streams: ledger",
  "streams: TWAPs",
  "streams: best bid and offer",
  "streams: open orders",
  "streams: notifications",
  "streams: room to trade",
  "streams: TWAP history",
  "streams: TWAP slice fills",
];

/** A step with a client of its own. */
function streams(capability, step) {
  can(`streams: ${capability}`, async () => {
    const exchange = client(ADDRESS, KEY);
    try {
      await exchange.loadHttpProxyAgent(); // ccxt wants it for sockets without TLS
      await exchange.loadMarkets();
      await soon(step(exchange));
    } finally {
      await exchange.close();
    }
  });
}

async function price(exchange, symbol, factor) {
  const { last } = await exchange.fetchTicker(symbol);
  return Number(exchange.priceToPrecision(symbol, last * factor));
}

// A watch asks for its subscription before it waits. No reply tells of it, but what is sent over
// the same socket afterwards comes after it.

streams("order book", async (exchange) => {
  const book = await exchange.watchOrderBook(BTC);
  assert.ok(book.bids[0][0] < book.asks[0][0]);
  await exchange.unWatchOrderBook(BTC);
});

streams("trades", async (exchange) => {
  const px = await price(exchange, BTC, 1);
  const waiting = exchange.watchTrades(BTC);
  await exchange.createOrderWs(BTC, "market", "buy", 0.001, px);
  assert.equal((await waiting).at(-1).symbol, BTC);
  await exchange.unWatchTrades(BTC);
});

streams("candles", async (exchange) => {
  const px = await price(exchange, BTC, 1);
  const waiting = exchange.watchOHLCV(BTC, "1m");
  await exchange.createOrderWs(BTC, "market", "buy", 0.001, px);
  assert.ok((await waiting).at(-1)[5] > 0);
  await exchange.unWatchOHLCV(BTC, "1m");
});

streams("mid prices", async (exchange) => {
  assert.ok((await exchange.watchTickers([BTC, HYPE]))[BTC].last > 0);
  await exchange.unWatchTickers([BTC, HYPE]);
});

streams("asset contexts", async (exchange) => {
  assert.ok((await exchange.watchTicker(BTC)).last > 0);
  assert.ok((await exchange.watchTicker(HYPE)).last > 0);
  await exchange.unWatchTicker(BTC);
});

streams("order updates", async (exchange) => {
  const px = await price(exchange, BTC, 0.8);
  const opening = exchange.watchOrders(BTC);
  const order = await exchange.createOrderWs(BTC, "limit", "buy", 0.001, px);
  const [opened] = await opening;
  assert.deepEqual([opened.id, opened.status], [order.id, "open"]);
  const ending = exchange.watchOrders(BTC);
  await exchange.cancelOrderWs(order.id, BTC);
  const [ended] = await ending;
  assert.deepEqual([ended.id, ended.status], [order.id, "canceled"]);
  await exchange.unWatchOrders();
});

streams("fills", async (exchange) => {
  const px = await price(exchange, BTC, 1);
  await exchange.watchMyTrades();
  const waiting = exchange.watchMyTrades();
  const order = await exchange.createOrderWs(BTC, "market", "buy", 0.001, px);
  assert.equal((await waiting).at(-1).order, order.id);
  await exchange.unWatchMyTrades();
});

streams("perp balances and positions", async (exchange) => {
  const px = await price(exchange, BTC, 1);
  assert.ok((await exchange.watchBalance()).USDC.total > 0);
  const waiting = exchange.watchPositions([BTC]); // of the same subscription: with its next frame
  await exchange.createOrderWs(BTC, "market", "buy", 0.001, px);
  assert.ok((await waiting)[0].contracts > 0);
  // ccxt 4.5.84 waits for ever when it ends this one: it looks for "clearinghoustState".
});

streams("spot balances", async (exchange) => {
  const px = await price(exchange, HYPE, 1);
  const before = (await exchange.watchBalance({ type: "spot" })).USDC.total;
  await exchange.createOrderWs(HYPE, "market", "buy", 1, px);
  // Every five seconds it comes, too.
  while ((await exchange.watchBalance({ type: "spot" })).USDC.total === before);
  await exchange.unWatchBalance({ type: "spot" });
});

can("streams: unified balances", async () => {
  await client(OTHER, OTHER_KEY).setUserAbstraction("unifiedAccount");
  const unified = client(OTHER, OTHER_KEY); // a client asks once which kind of account it has
  await unified.loadHttpProxyAgent();
  assert.equal((await soon(unified.watchBalance())).USDC.total, 110_000);
  await unified.close();
});

streams("actions over the socket", async (exchange) => {
  const px = await price(exchange, BTC, 0.8);
  const order = await exchange.createOrderWs(BTC, "limit", "buy", 0.001, px);
  const edited = await exchange.editOrderWs(order.id, BTC, "limit", "buy", 0.002, px);
  assert.ok(Number(edited.id) > Number(order.id));
  assert.equal((await exchange.cancelOrderWs(edited.id, BTC)).info, "success");
});

await run(LACKS);
