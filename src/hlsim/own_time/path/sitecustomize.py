"""Python runs this before a bot when its folder is on PYTHONPATH. The bot's own one runs, too."""

from __future__ import annotations

import importlib.machinery
import importlib.util
import os
import sys

_LEAST = (3, 10)
"""The oldest Python that follows: `multiprocessing` of older ones crashes."""
_FOLDER = os.path.dirname(os.path.abspath(__file__))


def _follow(place: str) -> None:
    folder = os.path.join(os.path.dirname(_FOLDER), "child")
    spec = importlib.util.spec_from_file_location(
        "hlsim_own_time",
        os.path.join(folder, "__init__.py"),
        submodule_search_locations=[folder],
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["hlsim_own_time"] = module
    spec.loader.exec_module(module)
    module.install(place)


def _run_next() -> None:
    """The `sitecustomize` that this one hides."""
    places = [place for place in sys.path if os.path.abspath(place) != _FOLDER]
    spec = importlib.machinery.PathFinder.find_spec("sitecustomize", places)
    if spec is not None and spec.loader is not None:
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)


if os.environ.get("HLSIM_OWN_TIME"):
    if sys.version_info >= _LEAST:
        _follow(os.environ["HLSIM_OWN_TIME"])
    else:
        has, needs = (".".join(map(str, one)) for one in (sys.version_info[:2], _LEAST))
        sys.stderr.write(
            f"hlsim: --own-time: Python {has} lives in real time: take {needs} or newer\n"
        )
_run_next()
