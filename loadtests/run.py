"""`make load`: a minute of load against a server of its own, then the books are reconciled.

Exit code 0: answers were right, fast enough, and every account holds what its fills say. Reports go
to reports/load*.csv and reports/load.html.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

from pools import DEPOSIT_USD, Prices, account
from reconcile import cancel_everything, reconcile

from hlsim.server.bench_client import start_hlsim

HERE = Path(__file__).parent
REPORTS = HERE.parent / "reports"


def locust(url: str, *, users: int, seconds: int, max_p99: int) -> int:
    """Runs Locust without its page. Returns its exit code."""
    REPORTS.mkdir(exist_ok=True)
    command = [sys.executable, "-m", "locust", "-f", str(HERE / "locustfile.py")]
    command += ["--headless", "--only-summary", "--host", url, "--reset-stats"]
    command += ["--users", str(users), "--spawn-rate", str(users), "--run-time", f"{seconds}s"]
    command += ["--csv", str(REPORTS / "load"), "--html", str(REPORTS / "load.html")]
    command += ["--max-p99", str(max_p99), "--stop-timeout", "5"]
    return subprocess.run(command, check=False, timeout=seconds + 120).returncode


def settle(url: str, *, users: int) -> bool:
    """Cancels what rests, reconciles every account, prints the sum. False when one does not fit."""
    prices = Prices(url)
    wallets = [account(index) for index in range(users)]
    for wallet in wallets:
        cancel_everything(prices, wallet)
    books = [reconcile(prices, wallet.address) for wallet in wallets]
    faults = [fault for book in books for fault in book.faults]
    fills = sum(book.fills for book in books)
    print(f"load: {fills} fills, {sum(book.volume for book in books):,.2f} USD traded", end=", ")
    print(f"{len(books)} accounts reconciled" if not faults else "and the books do not fit:")
    for fault in faults:
        print(f"load: {fault}")
    return not faults and fills > 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--users", type=int, default=30)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--max-p99", type=int, default=1000, help="ms")
    options = parser.parse_args()
    funds = [
        part
        for index in range(options.users)
        for part in ("--fund", f"{account(index).address}:{DEPOSIT_USD}")
    ]
    # All users come from one address, and hurry more than the exchange allows any.
    server = start_hlsim("--limits", "off", *funds)
    try:
        code = locust(
            server.url, users=options.users, seconds=options.seconds, max_p99=options.max_p99
        )
        reconciled = settle(server.url, users=options.users)
        print(f"load: server used {server.cpu_s():.1f} s of CPU, {server.resident_mb():.0f} MB")
    finally:
        server.stop()
    passed = code == 0 and reconciled and server.process.returncode == 0
    print(f"load: {'passed' if passed else 'FAILED'}; the report is reports/load.html")
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
