"""Who may sign what: a verdict that stands, once by a first and once by another person."""

from __future__ import annotations

from bcelldepl.definitions.review import SignatureOrder
from bcelldepl.errors import ReviewError
from bcelldepl.review.state import Snapshot

__all__ = ["is_signed", "missing_signatures", "refuse_signature"]


def is_signed(snapshot: Snapshot, file: str) -> bool:
    """Whether a tube carries every signature that the study asks for, and all still hold.

    Parameters
    ----------
    snapshot : Snapshot
    file : str

    Returns
    -------
    bool
    """
    standing = snapshot.review_of(file).standing(snapshot.digest(file))
    return len(standing) >= snapshot.study.review.signatures


def missing_signatures(snapshot: Snapshot) -> list[str]:
    """Files of the tubes that are not signed as the study asks for.

    Parameters
    ----------
    snapshot : Snapshot

    Returns
    -------
    list of str
    """
    return [tube.file for tube in snapshot.study.tubes if not is_signed(snapshot, tube.file)]


def refuse_signature(snapshot: Snapshot, file: str, order: SignatureOrder, name: str) -> None:
    """Refuse a signature that would say nothing.

    Parameters
    ----------
    snapshot : Snapshot
    file : str
    order : SignatureOrder
    name : str
        Of who signs.

    Raises
    ------
    ReviewError
        No verdict stands, the tube is signed already, there is no first signature yet, or it is the same person's.
    """
    digest, said = snapshot.digest(file), snapshot.review_of(file)
    if said.judgement is None or said.judgement.digest != digest:
        raise ReviewError("it has no current verdict", file, "accept or reject it first")
    standing = {one.order: one for one in said.standing(digest)}
    if order in standing:
        what = f"it already has the {order} signature, by {standing[order].who}"
        raise ReviewError(what, file, "nothing needs to be done")
    if order is SignatureOrder.SECOND:
        first = standing.get(SignatureOrder.FIRST)
        if first is None:
            raise ReviewError("it has no valid first signature", file, "sign it as first reviewer")
        if " ".join(first.who.split()).casefold() == " ".join(name.split()).casefold():
            what = f"{first.who} has signed it first; the second signature must be another person's"
            raise ReviewError(what, file, "let another person sign")
