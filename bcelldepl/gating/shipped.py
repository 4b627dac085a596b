"""Where a strategy's file is: among those that come with bcelldepl, or where the study says."""

from __future__ import annotations

from pathlib import Path

from bcelldepl.errors import StrategyError
from bcelldepl.near_names import did_you_mean

__all__ = ["lineage_file", "shipped_strategies", "strategy_file"]

_LINEAGES = "lineages"


def _folder() -> Path:
    """Folder of the shipped strategies: inside the installed package, beside it in a checkout."""
    package = Path(__file__).resolve().parent.parent
    inside = package / "gates"
    return inside if inside.is_dir() else package.parent / "gates"


def shipped_strategies() -> dict[str, Path]:
    """Names and files of the strategies that come with bcelldepl."""
    return {path.stem: path for path in sorted(_folder().glob("*.toml")) if path.stem != _LINEAGES}


def lineage_file() -> Path:
    """File of the kinds that the shipped strategies tell apart."""
    return _folder() / f"{_LINEAGES}.toml"


def strategy_file(name: str, folder: Path | None = None) -> Path:
    """Find the file of a strategy.

    Parameters
    ----------
    name : str
        One of `shipped_strategies`, or the path of a TOML file.
    folder : Path, optional
        What a relative path is relative to.

    Raises
    ------
    StrategyError
        There is none; names those that there are.
    """
    shipped = shipped_strategies()
    path = shipped.get(name) or (folder or Path()) / name
    if not path.is_file():
        msg = f"there is no gating strategy {name!r}"
        known = f"shipped with bcelldepl: {', '.join(shipped)}; or give the path of a TOML file"
        near = did_you_mean(name, shipped)
        raise StrategyError(msg, "strategy", f"{near} {known}" if near else known)
    return path
