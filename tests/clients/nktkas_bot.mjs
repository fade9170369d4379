// How @nktkas/hyperliquid is pointed at hlsim, and what its drivers say again and again.
//
// It signs as mainnet unless `isTestnet` is true: the drivers are for
// `hlsim serve --chain mainnet --market static`.
import assert from "node:assert/strict";

import { ExchangeClient, HttpTransport, InfoClient } from "@nktkas/hyperliquid";
import { formatPrice, SymbolConverter } from "@nktkas/hyperliquid/utils";
import { privateKeyToAccount } from "viem/accounts";

import { ADDRESS, FRIEND_KEY, KEY, URL } from "./steps.mjs";

// One line differs from a client of the exchange: where the API is.
export const transport = new HttpTransport({ apiUrl: URL });
export const info = new InfoClient({ transport });

export function client(key, more = {}) {
  return new ExchangeClient({ transport, wallet: privateKeyToAccount(key), ...more });
}

export const bot = client(KEY);
export const friend = client(FRIEND_KEY);
export const symbols = await SymbolConverter.create({ transport });

export const GTC = { limit: { tif: "Gtc" } };
export const ALO = { limit: { tif: "Alo" } };
export const IOC = { limit: { tif: "Ioc" } };
export const CLOIDS = ["1", "2", "3"].map((digit) => "0x" + digit.repeat(32));

/** A price at `factor` times the mid. */
export async function price(coin, factor) {
  const mids = await info.allMids();
  const kind = coin.includes("/") ? "spot" : "perp";
  const mid = mids[kind === "spot" ? symbols.getSpotPairId(coin) : coin];
  return formatPrice(String(Number(mid) * factor), symbols.getSzDecimals(coin), kind);
}

/** One order as the exchange wants it. */
export async function order(coin, buys, sz, factor, t = GTC, more = {}) {
  const p = await price(coin, factor);
  return { a: symbols.getAssetId(coin), b: buys, p, s: sz, r: false, t, ...more };
}

/** Sends one order. The answer is what became of it. */
export async function send(who, ...terms) {
  const reply = await who.order({ orders: [await order(...terms)], grouping: "na" });
  assert.equal(reply.status, "ok");
  return reply.response.data.statuses[0];
}

/** The oid of a new buy order far from the market. */
export async function rests(more = {}) {
  return (await send(bot, "BTC", true, "0.001", 0.8, GTC, more)).resting.oid;
}

/** Bot and friend buy and sell among themselves, at the mid. */
export async function trade(sz) {
  const p = await price("BTC", 1);
  for (const [maker, taker] of [[friend, bot], [bot, friend]]) {
    await send(maker, "BTC", false, sz, 1, ALO, { p });
    await send(taker, "BTC", true, sz, 1, IOC, { p });
  }
}

export async function cancel(...oids) {
  const a = symbols.getAssetId("BTC");
  const reply = await bot.cancel({ cancels: oids.map((o) => ({ a, o })) });
  return reply.response.data.statuses;
}

export async function statusOf(oid) {
  return (await info.orderStatus({ user: ADDRESS, oid })).order.status;
}

export async function position(coin, user = ADDRESS) {
  const { assetPositions } = await info.clearinghouseState({ user });
  return assetPositions.map((row) => row.position).find((row) => row.coin === coin);
}
