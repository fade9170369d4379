// Markets, orders and positions with ccxt for Node.js: `node ccxt_trading.mjs [URL]`.
import assert from "node:assert/strict";

import { bot, BTC, CLOIDS, ETH, HYPE, price, rests, statusOf, trade } from "./ccxt_bot.mjs";
import { advance, can, refusal, run } from "./steps.mjs";

// -- markets --------------------------------------------------------------------------------------

can("markets: load markets", async () => {
  const markets = await bot.loadMarkets();
  for (const symbol of [BTC, ETH, HYPE]) assert.ok(symbol in markets, symbol);
  assert.deepEqual([markets[BTC].precision.amount, markets[BTC].precision.price], [1e-5, 1]);
  assert.equal(markets[BTC].limits.leverage.max, 40);
  assert.equal((await bot.fetchStatus()).status, "ok");
  assert.ok((await bot.fetchTime()) > 0);
});

can("markets: prices", async () => {
  const { [BTC]: ticker } = await bot.fetchTickers([BTC, ETH]);
  assert.ok(ticker.bid < ticker.last && ticker.last < ticker.ask);
  assert.ok((await bot.fetchTicker(HYPE)).last > 0);
});

can("markets: order book", async () => {
  const book = await bot.fetchOrderBook(BTC);
  assert.ok(book.bids[0][0] < book.asks[0][0]);
});

can("markets: candles", async () => {
  await trade(0.01);
  const candles = await bot.fetchOHLCV(BTC, "1m");
  assert.equal(candles.at(-1)[2], await price(BTC, 1));
});

can("markets: recent trades", async () => {
  const trades = await bot.fetchTrades(BTC); // of a user: the API of the exchange has no others
  assert.deepEqual([trades[0].symbol, trades[0].amount], [BTC, 0.01]);
});

can("markets: funding rates", async () => {
  assert.notEqual((await bot.fetchFundingRates([BTC]))[BTC].fundingRate, undefined);
  assert.ok((await bot.fetchOpenInterest(BTC)).openInterestAmount >= 0);
  await advance({ hours: 1 });
  const rates = await bot.fetchFundingRateHistory(BTC);
  assert.equal(rates.at(-1).symbol, BTC);
});

// -- orders ---------------------------------------------------------------------------------------

can("orders: limit Gtc", async () => {
  const order = await rests();
  assert.equal(await statusOf(order), "open");
  await bot.cancelOrder(order.id, BTC);
});

can("orders: post-only Alo", async () => {
  const order = await rests({ postOnly: true });
  await bot.cancelOrder(order.id, BTC);
  const [px, terms] = [await price(BTC, 1.1), { postOnly: true }];
  const said = await refusal(() => bot.createOrder(BTC, "limit", "buy", 0.001, px, terms));
  assert.match(said, /Post only order would have immediately matched/);
});

can("orders: limit Ioc", async () => {
  const terms = { timeInForce: "IOC" };
  const order = await bot.createOrder(BTC, "limit", "buy", 0.001, await price(BTC, 1.01), terms);
  assert.deepEqual([order.filled, await statusOf(order)], [0.001, "closed"]);
  assert.match(await refusal(() => rests(terms)), /Order could not immediately match/);
});

can("orders: market", async () => {
  const order = await bot.createOrder(BTC, "market", "buy", 0.001, await price(BTC, 1));
  assert.equal(order.filled, 0.001);
  assert.equal((await bot.createOrder(HYPE, "market", "buy", 1, await price(HYPE, 1))).filled, 1);
});

can("orders: stop loss", async () => {
  const px = await price(BTC, 0.9);
  const order = await bot.createOrder(BTC, "market", "sell", 0.001, px, { stopLossPrice: px });
  const [found] = await bot.fetchOpenOrders(BTC);
  assert.deepEqual([found.id, found.triggerPrice], [order.id, px]);
  await bot.cancelOrder(order.id, BTC);
});

can("orders: take profit", async () => {
  const px = await price(BTC, 1.1);
  const order = await bot.createOrder(BTC, "limit", "sell", 0.001, px, { takeProfitPrice: px });
  const [found] = await bot.fetchOpenOrders(BTC);
  assert.deepEqual([found.id, found.triggerPrice], [order.id, px]);
  await bot.cancelOrder(order.id, BTC);
});

async function group(low, high) {
  const [stop, take] = [await price(BTC, low), await price(BTC, high)];
  return { stopLoss: { triggerPrice: stop }, takeProfit: { triggerPrice: take } };
}

can("orders: TP/SL group", async () => {
  const exits = await group(0.7, 0.9);
  const parent = await rests(exits);
  const triggers = (await bot.fetchOpenOrders(BTC)).map((order) => order.triggerPrice);
  const [low, high] = [exits.stopLoss.triggerPrice, exits.takeProfit.triggerPrice];
  assert.deepEqual(new Set(triggers), new Set([undefined, low, high]));
  await bot.cancelOrder(parent.id, BTC);
  assert.deepEqual(await bot.fetchOpenOrders(BTC), []);
});

can("orders: position TP/SL", async () => {
  const terms = { ...(await group(0.9, 1.1)), grouping: "positionTpsl" };
  await bot.createOrder(BTC, "limit", "buy", 0.001, await price(BTC, 1), terms);
  const both = await bot.fetchOpenOrders(BTC);
  assert.deepEqual(both.map((order) => order.info.isPositionTpsl), [true, true]);
  await bot.cancelOrders(both.map((order) => order.id), BTC);
});

can("orders: reduce-only", async () => {
  const terms = { reduceOnly: true };
  const px = await price(BTC, 1);
  assert.equal((await bot.createOrder(BTC, "market", "sell", 0.001, px, terms)).filled, 0.001);
  const said = await refusal(() => bot.createOrder(BTC, "market", "buy", 0.001, px, terms));
  assert.match(said, /Reduce only order would increase position/);
});

can("orders: client order id", async () => {
  const named = { clientOrderId: CLOIDS[0] };
  await rests(named);
  const order = await bot.fetchOrder("", BTC, named);
  assert.deepEqual([order.status, order.clientOrderId], ["open", CLOIDS[0]]);
  await bot.cancelOrder(order.id, BTC);
});

can("orders: several at once", async () => {
  const terms = { type: "limit", side: "buy" };
  const orders = await bot.createOrders([
    { symbol: BTC, amount: 0.001, price: await price(BTC, 0.8), ...terms },
    { symbol: ETH, amount: 0.1, price: await price(ETH, 0.8), ...terms },
  ]);
  const found = await bot.fetchOpenOrders();
  assert.deepEqual(found.map((order) => order.id).sort(), orders.map((order) => order.id).sort());
  await bot.cancelOrdersForSymbols(found.map(({ id, symbol }) => ({ id, symbol })));
  assert.deepEqual(await bot.fetchOpenOrders(), []);
});

can("orders: TWAP", async () => {
  const before = (await bot.fetchPosition(BTC)).contracts;
  // ccxt 4.5.84 takes every side for a sale that is not in capitals.
  assert.ok((await bot.createTwapOrder(BTC, "BUY", 0.02, 5 * 60_000)).id);
  await advance({ minutes: 6 });
  assert.equal(((await bot.fetchPosition(BTC)).contracts - before).toFixed(5), "0.02000");
});

// -- changes --------------------------------------------------------------------------------------

can("changes: edit an order", async () => {
  const old = await rests();
  const edited = await bot.editOrder(old.id, BTC, "limit", "buy", 0.002, await price(BTC, 0.81));
  assert.deepEqual([await statusOf(edited), await statusOf(old)], ["open", "canceled"]);
  await bot.cancelOrder(edited.id, BTC);
});

can("changes: cancel by oid", async () => {
  const order = await rests();
  await bot.cancelOrder(order.id, BTC);
  assert.equal(await statusOf(order), "canceled");
  const said = await refusal(() => bot.cancelOrder(order.id, BTC));
  assert.match(said, /never placed, already canceled, or filled/);
});

can("changes: cancel by client order id", async () => {
  const named = { clientOrderId: CLOIDS[1] };
  const order = await rests(named);
  await bot.cancelOrder("", BTC, named);
  assert.equal(await statusOf(order), "canceled");
});

can("changes: cancel many", async () => {
  const orders = [await rests(), await rests(), await rests()];
  await bot.cancelOrders(orders.map((order) => order.id), BTC);
  assert.deepEqual(await bot.fetchOpenOrders(BTC), []);
});

can("changes: cancel a TWAP", async () => {
  const order = await bot.createTwapOrder(BTC, "BUY", 0.02, 5 * 60_000);
  await bot.cancelOrder(order.id, BTC, { twap: true });
});

can("changes: schedule a cancel", async () => {
  await trade(10); // the exchange wants a million of volume first
  const order = await rests();
  assert.equal((await bot.cancelAllOrdersAfter(60 * 60_000)).status, "ok");
  assert.equal(await statusOf(order), "open");
  await advance({ hours: 1 });
  assert.equal(await statusOf(order), "scheduledCancel"); // a word that ccxt does not translate
});

// -- positions ------------------------------------------------------------------------------------

can("positions: leverage", async () => {
  await bot.setLeverage(7, BTC);
  const position = await bot.fetchPosition(BTC);
  assert.deepEqual([position.leverage, position.marginMode], [7, "cross"]);
});

can("positions: isolated margin", async () => {
  await bot.setMarginMode("isolated", ETH, { leverage: 5 });
  await bot.createOrder(ETH, "market", "buy", 0.1, await price(ETH, 1));
  const before = (await bot.fetchPosition(ETH)).collateral;
  await bot.addMargin(ETH, 25);
  assert.equal(((await bot.fetchPosition(ETH)).collateral - before).toFixed(0), "25");
  await bot.reduceMargin(ETH, 20);
  assert.equal(((await bot.fetchPosition(ETH)).collateral - before).toFixed(0), "5");
});

await run([]);
