// Markets, orders and positions with @nktkas/hyperliquid: `node nktkas_trading.mjs [URL]`.
import assert from "node:assert/strict";

import {
  ALO, bot, cancel, CLOIDS, info, IOC, order, position, price, rests, send, statusOf, symbols,
  trade,
} from "./nktkas_bot.mjs";
import { ADDRESS, advance, can, refusal, run } from "./steps.mjs";

// -- markets --------------------------------------------------------------------------------------

can("markets: load markets", async () => {
  const meta = await info.meta();
  assert.deepEqual(meta.universe.slice(0, 2).map((coin) => coin.name), ["BTC", "ETH"]);
  assert.equal((await info.spotMeta()).tokens[0].name, "USDC");
  assert.deepEqual([symbols.getAssetId("BTC"), symbols.getAssetId("HYPE/USDC")], [0, 10107]);
  assert.deepEqual((await info.perpDexs()).map((dex) => dex && dex.name), [null, "xyz"]);
  assert.deepEqual((await info.allPerpMetas())[0].universe.length, meta.universe.length);
  assert.deepEqual((await info.outcomeMeta()).outcomes, []);
});

can("markets: prices", async () => {
  const [meta, contexts] = await info.metaAndAssetCtxs();
  assert.equal(meta.universe.length, contexts.length);
  assert.equal(contexts[0].midPx, (await info.allMids()).BTC);
  assert.ok((await info.spotMetaAndAssetCtxs())[1].length > 10);
});

can("markets: order book", async () => {
  const [bids, asks] = (await info.l2Book({ coin: "BTC", nSigFigs: 5 })).levels;
  assert.ok(Number(bids[0].px) < Number(asks[0].px));
});

can("markets: candles", async () => {
  await trade("0.01");
  const startTime = Date.now() - 7_200_000;
  const candles = await info.candleSnapshot({ coin: "BTC", interval: "1m", startTime });
  assert.equal(Number(candles.at(-1).h), Number(await price("BTC", 1)));
});

can("markets: recent trades", async () => {
  const [newest] = await info.recentTrades({ coin: "BTC" });
  assert.deepEqual([newest.coin, newest.sz], ["BTC", "0.01"]);
});

can("markets: funding rates", async () => {
  await advance({ hours: 1 });
  const rates = await info.fundingHistory({ coin: "BTC", startTime: Date.now() - 3_600_000 });
  assert.equal(rates.at(-1).coin, "BTC");
  assert.ok((await info.predictedFundings()).length > 0);
});

// -- orders ---------------------------------------------------------------------------------------

can("orders: limit Gtc", async () => {
  const oid = await rests();
  assert.equal(await statusOf(oid), "open");
  assert.deepEqual(await cancel(oid), ["success"]);
});

can("orders: post-only Alo", async () => {
  const { resting } = await send(bot, "BTC", true, "0.001", 0.8, ALO);
  await cancel(resting.oid);
  const said = await refusal(() => send(bot, "BTC", true, "0.001", 1.1, ALO));
  assert.match(said, /Post only order would have immediately matched/);
});

can("orders: limit Ioc", async () => {
  assert.equal((await send(bot, "BTC", true, "0.001", 1.01, IOC)).filled.totalSz, "0.001");
  const said = await refusal(() => send(bot, "BTC", true, "0.001", 0.9, IOC));
  assert.match(said, /Order could not immediately match/);
});

can("orders: market", async () => {
  // As the web page sends them: a limit far enough.
  const market = { limit: { tif: "FrontendMarket" } };
  assert.equal((await send(bot, "BTC", true, "0.001", 1.05, market)).filled.totalSz, "0.001");
  assert.equal((await send(bot, "HYPE/USDC", true, "1", 1.05, market)).filled.totalSz, "1.0");
});

async function trigger(tpsl, isMarket, factor) {
  return { trigger: { isMarket, triggerPx: await price("BTC", factor), tpsl } };
}

can("orders: stop loss", async () => {
  const { resting } = await send(bot, "BTC", false, "0.001", 0.9, await trigger("sl", true, 0.9));
  const [row] = await info.frontendOpenOrders({ user: ADDRESS });
  assert.deepEqual([row.oid, row.orderType], [resting.oid, "Stop Market"]);
  await cancel(resting.oid);
});

can("orders: take profit", async () => {
  const { resting } = await send(bot, "BTC", false, "0.001", 1.1, await trigger("tp", false, 1.1));
  const [row] = await info.frontendOpenOrders({ user: ADDRESS });
  assert.deepEqual([row.oid, row.orderType], [resting.oid, "Take Profit Limit"]);
  await cancel(resting.oid);
});

async function exits(sz) {
  return [
    await order("BTC", false, sz, 1.1, await trigger("tp", true, 1.1), { r: true }),
    await order("BTC", false, sz, 0.7, await trigger("sl", true, 0.7), { r: true }),
  ];
}

can("orders: TP/SL group", async () => {
  const orders = [await order("BTC", true, "0.001", 0.8), ...(await exits("0.001"))];
  const reply = await bot.order({ orders, grouping: "normalTpsl" });
  const [parent, ...children] = reply.response.data.statuses;
  assert.deepEqual(children, ["waitingForFill", "waitingForFill"]);
  assert.equal((await info.frontendOpenOrders({ user: ADDRESS })).length, 3);
  await cancel(parent.resting.oid);
  assert.deepEqual(await info.frontendOpenOrders({ user: ADDRESS }), []);
});

can("orders: position TP/SL", async () => {
  await bot.order({ orders: await exits("0"), grouping: "positionTpsl" });
  const rows = await info.frontendOpenOrders({ user: ADDRESS });
  assert.deepEqual(rows.map((row) => row.isPositionTpsl), [true, true]);
  assert.deepEqual(await cancel(...rows.map((row) => row.oid)), ["success", "success"]);
});

can("orders: reduce-only", async () => {
  assert.ok((await send(bot, "BTC", false, "0.0005", 0.99, IOC, { r: true })).filled);
  const said = await refusal(() => send(bot, "BTC", true, "0.001", 1.01, IOC, { r: true }));
  assert.match(said, /Reduce only order would increase position/);
});

can("orders: client order id", async () => {
  const oid = await rests({ c: CLOIDS[0] });
  const found = await info.orderStatus({ user: ADDRESS, oid: CLOIDS[0] });
  assert.deepEqual([found.order.order.oid, found.order.order.cloid], [oid, CLOIDS[0]]);
  await cancel(oid);
});

can("orders: several at once", async () => {
  const orders = [await order("BTC", true, "0.001", 0.8), await order("ETH", true, "0.1", 0.8)];
  const reply = await bot.order({ orders, grouping: "na" });
  const oids = reply.response.data.statuses.map((status) => status.resting.oid);
  const rows = await info.openOrders({ user: ADDRESS });
  assert.deepEqual(rows.map((row) => row.oid).sort(), oids.sort());
  const cancels = rows.map((row) => ({ a: symbols.getAssetId(row.coin), o: row.oid }));
  await bot.cancel({ cancels });
});

const TWAP = { a: 0, b: true, s: "0.02", r: false, m: 5, t: false };

can("orders: TWAP", async () => {
  const before = Number((await position("BTC")).szi);
  const reply = await bot.twapOrder({ twap: TWAP });
  await advance({ minutes: 6 });
  assert.equal((Number((await position("BTC")).szi) - before).toFixed(5), "0.02000");
  const { twapId } = reply.response.data.status.running;
  const [newest] = await info.twapHistory({ user: ADDRESS });
  assert.deepEqual([newest.twapId, newest.status.status], [twapId, "finished"]);
  assert.ok((await info.userTwapSliceFills({ user: ADDRESS })).length > 1);
});

// -- changes --------------------------------------------------------------------------------------

can("changes: edit an order", async () => {
  const old = await rests();
  await bot.modify({ oid: old, order: await order("BTC", true, "0.002", 0.81) });
  const [row] = await info.openOrders({ user: ADDRESS });
  assert.deepEqual([row.sz, await statusOf(old)], ["0.002", "canceled"]);
  const modifies = [{ oid: row.oid, order: await order("BTC", true, "0.003", 0.81) }];
  const reply = await bot.batchModify({ modifies });
  await cancel(reply.response.data.statuses[0].resting.oid);
});

can("changes: cancel by oid", async () => {
  const oid = await rests();
  assert.deepEqual(await cancel(oid), ["success"]);
  assert.equal(await statusOf(oid), "canceled");
  assert.match(await refusal(() => cancel(oid)), /never placed, already canceled, or filled/);
});

can("changes: cancel by client order id", async () => {
  const oid = await rests({ c: CLOIDS[1] });
  await bot.cancelByCloid({ cancels: [{ asset: 0, cloid: CLOIDS[1] }] });
  assert.equal(await statusOf(oid), "canceled");
});

can("changes: cancel many", async () => {
  const oids = [await rests(), await rests(), await rests()];
  assert.deepEqual(await cancel(...oids), ["success", "success", "success"]);
});

can("changes: cancel a TWAP", async () => {
  const reply = await bot.twapOrder({ twap: TWAP });
  const done = await bot.twapCancel({ a: 0, t: reply.response.data.status.running.twapId });
  assert.equal(done.response.data.status, "success");
});

can("changes: schedule a cancel", async () => {
  await trade("10"); // the exchange wants a million of volume first
  const oid = await rests();
  await bot.scheduleCancel({ time: Date.now() + 3_600_000 });
  assert.equal(await statusOf(oid), "open");
  await advance({ hours: 1 });
  assert.equal(await statusOf(oid), "scheduledCancel");
});

// -- positions ------------------------------------------------------------------------------------

can("positions: leverage", async () => {
  await bot.updateLeverage({ asset: 0, isCross: true, leverage: 7 });
  assert.deepEqual((await position("BTC")).leverage, { type: "cross", value: 7 });
  const { leverage } = await info.activeAssetData({ user: ADDRESS, coin: "BTC" });
  assert.equal(leverage.value, 7);
});

can("positions: isolated margin", async () => {
  await bot.updateLeverage({ asset: 1, isCross: false, leverage: 5 });
  await send(bot, "ETH", true, "0.1", 1.01, IOC);
  const before = Number((await position("ETH")).marginUsed);
  await bot.updateIsolatedMargin({ asset: 1, isBuy: true, ntli: 25e6 });
  assert.equal((Number((await position("ETH")).marginUsed) - before).toFixed(0), "25");
  await bot.updateIsolatedMargin({ asset: 1, isBuy: true, ntli: -20e6 });
  assert.equal((Number((await position("ETH")).marginUsed) - before).toFixed(0), "5");
});

await run([]);
