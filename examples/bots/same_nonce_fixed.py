"""Opens two longs and two shorts at the same moment, by four nonces: scenario same-nonce."""

from concurrent.futures import ThreadPoolExecutor

from connect import IOC, connect, entry, send
from hyperliquid.utils.signing import (
    get_timestamp_ms,
    order_request_to_order_wire,
    order_wires_to_order_action,
)

LEGS = {"ETH": 2, "SOL": 50, "BTC": -0.06, "HYPE": -120}

exchange, info = connect()
mids, ready, nonce = info.all_mids(), [], 0
for coin, sz in LEGS.items():
    px = float(f"{float(mids[coin]) * (1.01 if sz > 0 else 0.99):.5g}")
    leg = {"coin": coin, "is_buy": sz > 0, "sz": abs(sz), "limit_px": px}
    leg |= {"order_type": IOC, "reduce_only": False}
    wire = order_request_to_order_wire(leg, info.name_to_asset(coin))
    # The clock, but never the same twice and never back.
    nonce = max(nonce + 1, get_timestamp_ms())
    ready.append((order_wires_to_order_action([wire]), nonce))
with ThreadPoolExecutor(4) as pool:
    for answer in pool.map(lambda one: send(exchange, *one), ready):
        print(entry(answer))
