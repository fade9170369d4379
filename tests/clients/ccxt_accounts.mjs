// Balances, transfers and histories with ccxt for Node.js: `node ccxt_accounts.mjs [URL]`.
import assert from "node:assert/strict";

import { bot, BTC, client, ETH, other, price, rests, statusOf, trade } from "./ccxt_bot.mjs";
import {
  ADDRESS, advance, AGENT, AGENT_KEY, can, KEY, OTHER, OTHER_KEY, refusal, run,
} from "./steps.mjs";

const LACKS = ["transfers: usdSend", "transfers: spotSend", "accounts: approve an agent"];
// ccxt names itself as the builder of orders. Who has not approved its fee trades without one.
const NO_BUILDER = { options: { approvedBuilderFee: true, builderFee: false } };
const made = {}; // sub-account and vault, once there are any

async function usdc(user, type = "swap") {
  return (await bot.fetchBalance({ type, user })).USDC.total;
}

// -- balances -------------------------------------------------------------------------------------

can("balances: classic", async () => {
  assert.equal((await other.fetchBalance()).USDC.total, 100_000);
  assert.equal((await other.fetchBalance({ type: "spot" })).USDC.total, 10_000);
});

can("balances: unified", async () => {
  assert.equal((await other.setUserAbstraction("unifiedAccount")).status, "ok");
  const unified = client(OTHER, OTHER_KEY); // a client asks once which kind of account it has
  assert.equal((await unified.fetchBalance()).USDC.total, 110_000);
});

// -- transfers ------------------------------------------------------------------------------------

can("transfers: spot and perp", async () => {
  const before = await usdc(ADDRESS, "spot");
  await bot.transfer("USDC", 100, "swap", "spot");
  assert.equal(await usdc(ADDRESS, "spot"), before + 100);
  await bot.transfer("USDC", 50, "spot", "swap");
  assert.equal(await usdc(ADDRESS, "spot"), before + 50);
});

can("transfers: withdraw", async () => {
  assert.equal((await bot.withdraw("USDC", 20, ADDRESS)).info.status, "ok");
  const [row] = await bot.fetchWithdrawals();
  assert.deepEqual([row.amount, row.fee.cost], [19, 1]);
});

can("transfers: sub-account", async () => {
  await trade(1); // the exchange wants a hundred thousand of volume first
  const sub = (await bot.createSubAccount("desk")).response.data;
  await bot.transfer("USDC", 1000, "main", sub);
  await bot.transfer("USDC", 100, sub, "main");
  await bot.transfer("USDC", 30, "main", sub, { type: "spot" });
  assert.deepEqual([await usdc(sub), await usdc(sub, "spot")], [900, 30]);
  made.subAccount = sub;
});

can("transfers: vault", async () => {
  const reply = await bot.createVault("ccxt vault", "Made by ccxt, unmodified.", 500);
  made.vault = reply.response.data;
  await advance({ hours: 25 }); // what was just put in is locked for a day
  await bot.withdraw("USDC", 100e6, ADDRESS, undefined, { vaultAddress: made.vault });
  assert.equal(await usdc(made.vault), 400);
});

// -- accounts -------------------------------------------------------------------------------------

can("accounts: trade as an agent", async () => {
  // There is no method to approve one, but all that it takes.
  const nonce = bot.incrementingNonce();
  const fields = { hyperliquidChain: "Mainnet", agentAddress: AGENT, agentName: "ccxt", nonce };
  const kinds = ["string", "address", "string", "uint64"];
  const types = Object.keys(fields).map((name, place) => ({ name, type: kinds[place] }));
  const primary = "HyperliquidTransaction:ApproveAgent";
  const signature = bot.signUserSignedAction({ [primary]: types }, fields);
  const action = { type: "approveAgent", signatureChainId: "0x66eee", ...fields };
  await bot.privatePostExchange({ action, nonce, signature });

  const agent = client(ADDRESS, AGENT_KEY, NO_BUILDER);
  const order = await agent.createOrder(BTC, "limit", "buy", 0.001, await price(BTC, 0.8));
  assert.equal(await statusOf(order), "open");
  await agent.cancelOrder(order.id, BTC);
});

async function tradesFor(vaultAddress) {
  const trader = client(ADDRESS, KEY, NO_BUILDER);
  await trader.createOrder(ETH, "market", "buy", 0.05, await price(ETH, 1), { vaultAddress });
  assert.equal((await bot.fetchPositions([ETH], { user: vaultAddress }))[0].contracts, 0.05);
}

can("accounts: trade for a sub-account", () => tradesFor(made.subAccount));

can("accounts: trade for a vault", () => tradesFor(made.vault));

// -- queries --------------------------------------------------------------------------------------

can("queries: open orders", async () => {
  const order = await rests();
  const [found] = await bot.fetchOpenOrders(BTC);
  assert.deepEqual([found.id, found.remaining], [order.id, 0.001]);
  await bot.cancelOrder(order.id, BTC);
});

can("queries: order status", async () => {
  const order = await bot.createOrder(BTC, "market", "buy", 0.001, await price(BTC, 1));
  assert.equal(await statusOf(order), "closed");
  assert.match(await refusal(() => bot.fetchOrder("999999999", BTC)), /unknownOid/);
});

can("queries: order history", async () => {
  const words = (orders) => new Set(orders.map((order) => order.status));
  assert.deepEqual(words(await bot.fetchClosedOrders(BTC)), new Set(["closed"]));
  assert.deepEqual(words(await bot.fetchCanceledOrders(BTC)), new Set(["canceled"]));
  assert.ok((await bot.fetchOrders(BTC)).length > 3);
});

can("queries: fills", async () => {
  const trades = await bot.fetchMyTrades(BTC);
  assert.deepEqual(new Set(trades.map((each) => each.takerOrMaker)), new Set(["taker", "maker"]));
  assert.ok(trades.every((each) => each.fee.cost !== undefined));
});

can("queries: positions", async () => {
  await bot.createOrder(BTC, "market", "buy", 0.01, await price(BTC, 1));
  assert.ok((await bot.fetchPositions()).some((position) => position.symbol === BTC));
});

can("queries: funding payments", async () => {
  await advance({ hours: 1 });
  assert.ok((await bot.fetchFundingHistory(BTC)).length > 0);
});

can("queries: ledger", async () => {
  const kinds = new Set((await bot.fetchLedger()).map((entry) => entry.type));
  assert.ok(kinds.has("transfer") && kinds.has("withdraw"));
  assert.deepEqual((await bot.fetchDeposits()).map((row) => row.amount), [100_000]);
});

can("queries: fees", async () => {
  const fee = await bot.fetchTradingFee(BTC);
  assert.ok(fee.maker < 0 && 0 < fee.taker); // who makes that much of the volume is paid
});

await run(LACKS);
