// Balances, transfers and histories with @nktkas/hyperliquid: `node nktkas_accounts.mjs [URL]`.
import assert from "node:assert/strict";

import {
  bot, cancel, client, info, IOC, position, rests, send, statusOf, trade,
} from "./nktkas_bot.mjs";
import {
  ADDRESS, advance, AGENT, AGENT_KEY, can, FRIEND, KEY, OTHER, OTHER_KEY, run,
} from "./steps.mjs";

const made = {}; // sub-account and vault, once there are any

async function usd(user) {
  return Number((await info.clearinghouseState({ user })).marginSummary.accountValue);
}

async function spot(user, coin = "USDC") {
  const { balances } = await info.spotClearinghouseState({ user });
  return Number(balances.find((row) => row.coin === coin)?.total ?? 0);
}

async function token(name) {
  const { tokens } = await info.spotMeta();
  return `${name}:${tokens.find((each) => each.name === name).tokenId}`;
}

// -- balances -------------------------------------------------------------------------------------

can("balances: classic", async () => {
  assert.deepEqual([await usd(OTHER), await spot(OTHER)], [100_000, 10_000]);
});

can("balances: unified", async () => {
  await client(OTHER_KEY).userSetAbstraction({ user: OTHER, abstraction: "unifiedAccount" });
  assert.equal(await info.userAbstraction({ user: OTHER }), "unifiedAccount");
  assert.equal(await spot(OTHER), 110_000);
});

// -- transfers ------------------------------------------------------------------------------------

can("transfers: spot and perp", async () => {
  const before = await spot(ADDRESS);
  await bot.usdClassTransfer({ amount: "100", toPerp: false });
  assert.equal(await spot(ADDRESS), before + 100);
  await bot.usdClassTransfer({ amount: "50", toPerp: true });
  assert.equal(await spot(ADDRESS), before + 50);
});

can("transfers: usdSend", async () => {
  const before = await usd(FRIEND);
  await bot.usdSend({ destination: FRIEND, amount: "10" });
  assert.equal(((await usd(FRIEND)) - before).toFixed(6), "10.000000");
});

can("transfers: spotSend", async () => {
  const before = await spot(FRIEND, "HYPE");
  await bot.spotSend({ destination: FRIEND, token: await token("HYPE"), amount: "2" });
  assert.equal(await spot(FRIEND, "HYPE"), before + 2);
});

can("transfers: withdraw", async () => {
  await bot.withdraw3({ destination: ADDRESS, amount: "20" });
  const rows = await info.userNonFundingLedgerUpdates({ user: ADDRESS, startTime: 0 });
  const { type, usdc, fee } = rows.at(-1).delta;
  assert.deepEqual([type, usdc, fee], ["withdraw", "19.0", "1.0"]);
});

can("transfers: sub-account", async () => {
  await trade("1"); // the exchange wants a hundred thousand of volume first
  const sub = (await bot.createSubAccount({ name: "desk" })).response.data;
  await bot.subAccountTransfer({ subAccountUser: sub, isDeposit: true, usd: 1000e6 });
  await bot.subAccountTransfer({ subAccountUser: sub, isDeposit: false, usd: 100e6 });
  const usdc = { token: await token("USDC"), amount: "30" };
  await bot.subAccountSpotTransfer({ subAccountUser: sub, isDeposit: true, ...usdc });
  assert.deepEqual([await usd(sub), await spot(sub)], [900, 30]);
  assert.deepEqual((await info.subAccounts({ user: ADDRESS })).map((row) => row.name), ["desk"]);
  made.subAccount = sub;
});

can("transfers: vault", async () => {
  const description = "Made by nktkas, unmodified.";
  const reply = await bot.createVault({ name: "nktkas vault", description, initialUsd: 500e6 });
  const vaultAddress = reply.response.data;
  await bot.vaultTransfer({ vaultAddress, isDeposit: true, usd: 100e6 });
  await advance({ hours: 25 }); // what was just put in is locked for a day
  await bot.vaultTransfer({ vaultAddress, isDeposit: false, usd: 200e6 });
  assert.equal(await usd(vaultAddress), 400);
  assert.equal((await info.vaultDetails({ vaultAddress })).name, "nktkas vault");
  const [row] = await info.userVaultEquities({ user: ADDRESS });
  assert.deepEqual([row.vaultAddress, row.equity], [vaultAddress, "400.0"]);
  made.vault = vaultAddress;
});

// -- accounts -------------------------------------------------------------------------------------

can("accounts: approve an agent", async () => {
  await bot.approveAgent({ agentAddress: AGENT, agentName: "nktkas" });
  const [row] = await info.extraAgents({ user: ADDRESS });
  assert.deepEqual([row.name, row.address], ["nktkas", AGENT]);
});

can("accounts: trade as an agent", async () => {
  const { resting } = await send(client(AGENT_KEY), "BTC", true, "0.001", 0.8);
  assert.equal(await statusOf(resting.oid), "open");
  await cancel(resting.oid);
});

async function tradesFor(address) {
  const trader = client(KEY, { defaultVaultAddress: address });
  await send(trader, "ETH", true, "0.05", 1.01, IOC);
  assert.equal((await position("ETH", address)).szi, "0.05");
}

can("accounts: trade for a sub-account", () => tradesFor(made.subAccount));

can("accounts: trade for a vault", () => tradesFor(made.vault));

// -- queries --------------------------------------------------------------------------------------

can("queries: open orders", async () => {
  const oid = await rests();
  const [plain] = await info.openOrders({ user: ADDRESS });
  const [full] = await info.frontendOpenOrders({ user: ADDRESS });
  assert.deepEqual([plain.oid, full.oid, full.tif], [oid, oid, "Gtc"]);
  await cancel(oid);
});

can("queries: order status", async () => {
  const { filled } = await send(bot, "BTC", true, "0.001", 1.01, IOC);
  assert.equal(await statusOf(filled.oid), "filled");
  const nothing = await info.orderStatus({ user: ADDRESS, oid: 999_999_999 });
  assert.equal(nothing.status, "unknownOid");
});

can("queries: order history", async () => {
  const words = new Set((await info.historicalOrders({ user: ADDRESS })).map((row) => row.status));
  assert.ok(words.has("filled") && words.has("canceled"));
});

can("queries: fills", async () => {
  const fills = await info.userFills({ user: ADDRESS });
  assert.deepEqual(new Set(fills.map((fill) => fill.crossed)), new Set([true, false]));
  const later = await info.userFillsByTime({ user: ADDRESS, startTime: fills[0].time });
  assert.deepEqual(later.at(-1), fills[0]);
});

can("queries: positions", async () => {
  await send(bot, "BTC", true, "0.01", 1.01, IOC);
  assert.ok(Number((await position("BTC")).szi) > 0);
});

can("queries: funding payments", async () => {
  await advance({ hours: 1 });
  const rows = await info.userFunding({ user: ADDRESS, startTime: 0 });
  assert.ok(["BTC", "ETH"].includes(rows.at(-1).delta.coin));
});

can("queries: ledger", async () => {
  const rows = await info.userNonFundingLedgerUpdates({ user: ADDRESS, startTime: 0 });
  const kinds = new Set(rows.map((row) => row.delta.type));
  for (const kind of ["accountClassTransfer", "withdraw", "vaultDeposit", "subAccountTransfer"]) {
    assert.ok(kinds.has(kind), kind);
  }
});

can("queries: fees", async () => {
  assert.equal((await info.userFees({ user: ADDRESS })).userCrossRate, "0.00045");
  assert.equal((await info.userRole({ user: made.vault })).role, "vault");
  assert.ok((await info.userRateLimit({ user: ADDRESS })).nRequestsUsed > 0);
  assert.equal((await info.portfolio({ user: ADDRESS }))[0][0], "day");
});

await run([]);
