// The streams of @nktkas/hyperliquid: `node nktkas_streams.mjs [URL]`.
import assert from "node:assert/strict";

import { ExchangeClient, SubscriptionClient, WebSocketTransport } from "@nktkas/hyperliquid";
import { privateKeyToAccount } from "viem/accounts";

import { bot, cancel, client, IOC, order, rests, send, trade } from "./nktkas_bot.mjs";
import { ADDRESS, advance, can, KEY, OTHER, OTHER_KEY, run, soon, URL } from "./steps.mjs";

const transport = new WebSocketTransport({ url: URL.replace("http", "ws") + "/ws" });
const streams = new SubscriptionClient({ transport });
const user = ADDRESS;

/** A step that gets a function which gives the next event of one subscription. */
function stream(capability, method, parameters, step) {
  can(`streams: ${capability}`, async () => {
    const events = [];
    let heard = () => {};
    const listener = (event) => {
      events.push(event);
      heard();
    };
    // Resolves once the exchange has acknowledged it: nothing after that is missed.
    const subscription = await soon(
      parameters === null ? streams[method](listener) : streams[method](parameters, listener),
    );
    await step(async () => {
      while (events.length === 0) {
        await soon(new Promise((resolve) => {
          heard = resolve;
        }));
      }
      return events.shift();
    });
    await subscription.unsubscribe();
  });
}

async function buy() {
  return (await send(bot, "BTC", true, "0.001", 1.01, IOC)).filled.oid;
}

stream("order book", "l2Book", { coin: "BTC" }, async (next) => {
  const [bids, asks] = (await next()).levels;
  assert.ok(Number(bids[0].px) < Number(asks[0].px));
});

stream("best bid and offer", "bbo", { coin: "BTC" }, async (next) => {
  const [bid, ask] = (await next()).bbo;
  assert.ok(Number(bid.px) < Number(ask.px));
});

stream("trades", "trades", { coin: "BTC" }, async (next) => {
  await buy();
  let trades;
  do trades = await next(); while (trades.at(-1).sz !== "0.001");
  assert.ok(trades.at(-1).users.includes(ADDRESS));
});

stream("candles", "candle", { coin: "BTC", interval: "1m" }, async (next) => {
  await buy();
  const candle = await next();
  assert.deepEqual([candle.s, candle.i], ["BTC", "1m"]);
});

stream("mid prices", "allMids", null, async (next) => {
  assert.ok(Number((await next()).mids.BTC) > 0);
});

stream("asset contexts", "activeAssetCtx", { coin: "BTC" }, async (next) => {
  assert.ok(Number((await next()).ctx.oraclePx) > 0);
});

stream("order updates", "orderUpdates", { user }, async (next) => {
  const oid = await rests();
  const [opened] = await next();
  assert.deepEqual([opened.order.oid, opened.status], [oid, "open"]);
  await cancel(oid);
  const [ended] = await next();
  assert.deepEqual([ended.order.oid, ended.status], [oid, "canceled"]);
});

stream("fills", "userFills", { user }, async (next) => {
  assert.equal((await next()).isSnapshot, true);
  const oid = await buy();
  assert.deepEqual((await next()).fills.map((fill) => fill.oid), [oid]);
});

stream("user events", "userEvents", { user }, async (next) => {
  const oid = await buy();
  assert.deepEqual((await next()).fills.map((fill) => fill.oid), [oid]);
});

stream("open orders", "openOrders", { user }, async (next) => {
  assert.deepEqual((await next()).orders, []);
  const oid = await rests();
  assert.deepEqual((await next()).orders.map((row) => row.oid), [oid]);
  await cancel(oid);
});

stream("perp balances and positions", "clearinghouseState", { user }, async (next) => {
  const { clearinghouseState } = await next();
  assert.ok(Number(clearinghouseState.marginSummary.accountValue) > 0);
  assert.equal(clearinghouseState.assetPositions[0].position.coin, "BTC");
});

stream("spot balances", "spotState", { user }, async (next) => {
  const held = (event) => Number(event.spotState.balances.find((row) => row.coin === "HYPE").total);
  const before = held(await next());
  await send(bot, "HYPE/USDC", true, "1", 1.01, IOC);
  while (held(await next()) <= before); // it comes on the clock, too
});

const other = { user: OTHER, ignorePortfolioMargin: true };

stream("unified balances", "spotState", other, async (next) => {
  await client(OTHER_KEY).userSetAbstraction({ user: OTHER, abstraction: "unifiedAccount" });
  let usdc;
  do [usdc] = (await next()).spotState.balances; while (usdc.total !== "110000.0");
});

stream("room to trade", "activeAssetData", { user, coin: "BTC" }, async (next) => {
  const before = Number((await next()).availableToTrade[0]);
  await bot.usdClassTransfer({ amount: "1000", toPerp: false });
  while (Number((await next()).availableToTrade[0]) >= before); // the mark moves it, too
});

stream("funding payments", "userFundings", { user }, async (next) => {
  assert.equal((await next()).isSnapshot, true);
  await advance({ hours: 1 });
  assert.equal((await next()).fundings[0].coin, "BTC");
});

stream("ledger", "userNonFundingLedgerUpdates", { user }, async (next) => {
  assert.equal((await next()).isSnapshot, true);
  await bot.usdClassTransfer({ amount: "1", toPerp: false });
  assert.equal((await next()).nonFundingLedgerUpdates[0].delta.type, "accountClassTransfer");
});

const twap = { a: 0, b: true, s: "0.02", r: false, m: 5, t: false };

stream("TWAPs", "twapStates", { user }, async (next) => {
  await next();
  const { twapId } = (await bot.twapOrder({ twap })).response.data.status.running;
  let states;
  do ({ states } = await next()); while (states.length === 0);
  assert.equal(states[0][0], twapId);
  await bot.twapCancel({ a: 0, t: twapId });
});

stream("TWAP history", "userTwapHistory", { user }, async (next) => {
  assert.equal((await next()).isSnapshot, true);
  const { twapId } = (await bot.twapOrder({ twap })).response.data.status.running;
  const [row] = (await next()).history;
  assert.deepEqual([row.twapId, row.status.status], [twapId, "activated"]);
  await bot.twapCancel({ a: 0, t: twapId });
});

stream("TWAP slice fills", "userTwapSliceFills", { user }, async (next) => {
  assert.equal((await next()).isSnapshot, true);
  const { twapId } = (await bot.twapOrder({ twap })).response.data.status.running;
  assert.equal((await next()).twapSliceFills[0].twapId, twapId);
  await bot.twapCancel({ a: 0, t: twapId });
});

stream("notifications", "notification", { user }, async (next) => {
  await trade("0.01"); // it tells of resting orders only
  assert.match((await next()).notification, /^Resting order filled: Sold 0.01 BTC at \$/);
});

can("streams: actions over the socket", async () => {
  const exchange = new ExchangeClient({ transport, wallet: privateKeyToAccount(KEY) });
  const orders = [await order("BTC", true, "0.001", 0.8)];
  const reply = await exchange.order({ orders, grouping: "na" });
  const o = reply.response.data.statuses[0].resting.oid;
  const done = await exchange.cancel({ cancels: [{ a: 0, o }] });
  assert.deepEqual(done.response.data.statuses, ["success"]);
});

await run([]);
await transport.close();
