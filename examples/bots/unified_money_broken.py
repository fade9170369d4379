"""Puts a twentieth of its money into ETH: scenario unified-money."""

from connect import ADDRESS, connect, entry, mid

exchange, info = connect()
exchange.user_set_abstraction(ADDRESS, "unifiedAccount")  # as its owner did in the web app

money = float(info.user_state(ADDRESS)["marginSummary"]["accountValue"])
sz = round(money / 20 / mid(info, "ETH"), 3)
if sz > 0:
    print("bought:", entry(exchange.market_open("ETH", True, sz)))
else:
    print("nothing to trade with:", money)
