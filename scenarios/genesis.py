"""Who has money when an exchange opens: the ten well-known accounts, and how much they get.

The accounts come from the mnemonic that every Ethereum tool ships for tests. Their private keys are
public knowledge: nothing of worth may ever be sent to these addresses.
"""

from __future__ import annotations

from collections.abc import Iterable

from ..matching.dataclass import dataclass
from ..sim.exchange import Exchange
from ..sim.fixed import Address, Usd, Wei
from ..sim.operations import DepositUsd, MintToken

MNEMONIC = "test test test test test test test test test test test junk"
DERIVATION_PATH = "m/44'/60'/0'/0/{index}"

PERPS_USD = Usd(100_000 * 10**6)
SPOT_USDC = 10_000
SPOT_TOKENS = {"HYPE": 100, "PURR": 10_000}
"""Whole tokens that a funded account gets of those that the world lists."""


@dataclass(frozen=True, slots=True)
class KnownAccount:
    """One account of the public mnemonic. `checksum_address` is the mixed-case spelling."""

    index: int
    checksum_address: str
    private_key: str

    @property
    def address(self) -> Address:
        return Address(self.checksum_address.lower())


_PUBLIC = (
    (
        "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266",
        "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80",
    ),
    (
        "0x70997970C51812dc3A010C7d01b50e0d17dc79C8",
        "0x59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d",
    ),
    (
        "0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC",
        "0x5de4111afa1a4b94908f83103eb1f1706367c2e68ca870fc3fb9a804cdab365a",
    ),
    (
        "0x90F79bf6EB2c4f870365E785982E1f101E93b906",
        "0x7c852118294e51e653712a81e05800f419141751be58f605c371e15141b007a6",
    ),
    (
        "0x15d34AAf54267DB7D7c367839AAf71A00a2C6A65",
        "0x47e179ec197488593b187f80a00eb0da91f1b9d0b13f8733639f19c30a34926a",
    ),
    (
        "0x9965507D1a55bcC2695C58ba16FB37d819B0A4dc",
        "0x8b3a350cf5c34c9194ca85829a2df0ec3153be0318b5e2d3348e872092edffba",
    ),
    (
        "0x976EA74026E726554dB657fA54763abd0C3a0aa9",
        "0x92db14e403b83dfe3df233f83dfa3a0d7096f21ca9b0d6d6b8d88b2b4ec1564e",
    ),
    (
        "0x14dC79964da2C08b23698B3D3cc7Ca32193d9955",
        "0x4bbbf85ce3377467afe5d46f804f221813b2bb87f24d81f60f1fcdbf7cbf4356",
    ),
    (
        "0x23618e81E3f5cdF7f54C3d65f7FBc0aBf5B21E8f",
        "0xdbda1821b80551c9d65939329250298aa3472ba22feea921c0cf5d620ea67b97",
    ),
    (
        "0xa0Ee7A142d267C1f36714E4a8F75612F20a79720",
        "0x2a871d0798f97d79848a013d4936a73bf4cc922c825d33c1cf7073dff6d409c6",
    ),
)
"""Address and private key of the indices 0 to 9, so that start-up derives nothing."""

KNOWN_ACCOUNTS = tuple(KnownAccount(index, *row) for index, row in enumerate(_PUBLIC))


def known_accounts(count: int = 10) -> list[KnownAccount]:
    """The first `count` accounts of the mnemonic; those past the tenth are derived, 20 ms each."""
    found = list(KNOWN_ACCOUNTS[:count])
    for index in range(len(found), count):
        found.append(_derive(index))
    return found


def _derive(index: int) -> KnownAccount:
    from eth_account import Account

    Account.enable_unaudited_hdwallet_features()
    path = DERIVATION_PATH.format(index=index)
    wallet = Account.from_mnemonic(MNEMONIC, account_path=path)
    return KnownAccount(index, wallet.address, "0x" + bytes(wallet.key).hex())


def fund(ex: Exchange, addresses: Iterable[str], usd: Usd = PERPS_USD) -> None:
    """Gives every address `usd` of perps collateral, 10,000 USDC on spot, 100 HYPE, 10,000 PURR.

    Tokens that the world does not list are left out.
    """
    for text in addresses:
        address = Address(text.lower())
        if usd > 0:
            ex.operate(DepositUsd(address, usd))
        for name, amount in {"USDC": SPOT_USDC, **SPOT_TOKENS}.items():
            token = ex.state.universe.token_by_name.get(name)
            if token is not None:
                wei = Wei(amount * 10**token.wei_decimals)
                ex.operate(MintToken(address, token.index, wei))
