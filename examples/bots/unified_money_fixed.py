"""Puts a twentieth of its money into ETH, wherever that is kept: scenario unified-money."""

from connect import ADDRESS, connect, entry, mid

exchange, info = connect()
exchange.user_set_abstraction(ADDRESS, "unifiedAccount")  # as its owner did in the web app

kind = info.query_user_abstraction_state(ADDRESS)
if kind in ("unifiedAccount", "portfolioMargin"):
    rows = [row for row in info.spot_user_state(ADDRESS)["balances"] if row["coin"] == "USDC"]
    money = sum(float(row["total"]) - float(row["hold"]) for row in rows)
else:
    money = float(info.user_state(ADDRESS)["marginSummary"]["accountValue"])
sz = round(money / 20 / mid(info, "ETH"), 3)
print(kind, money)
print("bought:", entry(exchange.market_open("ETH", True, sz)))
