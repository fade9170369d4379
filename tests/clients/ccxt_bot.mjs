// How ccxt for Node.js is pointed at hlsim, and what its drivers say again and again.
//
// ccxt signs as mainnet: the drivers are for `hlsim serve --chain mainnet --market static`.
import ccxt from "ccxt";

import { ADDRESS, FRIEND, FRIEND_KEY, KEY, OTHER, OTHER_KEY, URL } from "./steps.mjs";

export const BTC = "BTC/USDC:USDC";
export const ETH = "ETH/USDC:USDC";
export const HYPE = "HYPE/USDC";
export const CLOIDS = ["1", "2", "3"].map((digit) => "0x" + digit.repeat(32));

/** Two lines differ from a client of the exchange: where the API is, and where its socket. */
export function client(walletAddress, privateKey, more = {}) {
  return new ccxt.pro.hyperliquid({
    walletAddress,
    privateKey,
    urls: { api: { public: URL, private: URL, ws: { public: URL.replace("http", "ws") + "/ws" } } },
    enableRateLimit: false,
    ...more,
  });
}

export const bot = client(ADDRESS, KEY);
export const friend = client(FRIEND, FRIEND_KEY);
export const other = client(OTHER, OTHER_KEY);

/** A price at `factor` times the mid. */
export async function price(symbol, factor) {
  const { last } = await bot.fetchTicker(symbol);
  return Number(bot.priceToPrecision(symbol, last * factor));
}

/** Bot and friend buy and sell among themselves, at the mid. */
export async function trade(amount) {
  const px = await price(BTC, 1);
  for (const [maker, taker] of [[friend, bot], [bot, friend]]) {
    await maker.createOrder(BTC, "limit", "sell", amount, px, { postOnly: true });
    await taker.createOrder(BTC, "limit", "buy", amount, px, { timeInForce: "IOC" });
  }
}

/** A new buy order far from the market. */
export async function rests(parameters = {}) {
  return bot.createOrder(BTC, "limit", "buy", 0.001, await price(BTC, 0.8), parameters);
}

export async function statusOf(order) {
  return (await bot.fetchOrder(order.id, BTC)).status;
}
