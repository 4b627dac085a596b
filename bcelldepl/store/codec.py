"""Values as JSON and back, exactly: a store that came from elsewhere is data, it can never be a program."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import cache
from itertools import chain
from typing import Any, Final

import numpy as np

from bcelldepl.store.errors import StoreError

__all__ = ["Codec"]

_KIND = "is"  # the key that names what an object is: a registered class, or one of the words below
_MAPPING, _BYTES, _ARRAY = "mapping", "bytes", "array"
_AS_THEY_ARE: Final = frozenset(
    {type(None), bool, int, float, str}
)  # not what derives from them, like an enumeration
_ROWS: Final = frozenset({tuple, list})


class Codec:
    """Encode frozen dataclasses of plain values.

    Every value comes back as it was: an integer stays one, a float keeps every bit (NaN and infinities too), a sequence
    comes back as a tuple. Only classes that were registered are made again.

    Parameters
    ----------
    kinds : type
        Dataclasses and enumerations that may occur, each by its name.
    """

    def __init__(self, *kinds: type) -> None:
        self.kinds = {kind.__name__: kind for kind in kinds}

    def encode(self, value: Any) -> tuple[str, bytes]:
        """Return a value as JSON, and the bytes that it holds behind one another."""
        attachment = bytearray()
        plain = self._plain(value, attachment)
        return json.dumps(plain, separators=(",", ":")), bytes(attachment)

    def decode(self, text: str, attachment: bytes) -> Any:
        """Return the value again.

        Raises
        ------
        StoreError
            Where the text is not what `encode` gives.
        """
        try:
            return self._value(json.loads(text), memoryview(attachment))
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise StoreError(f"a stored value cannot be read: {error}") from error

    def _plain(self, value: Any, attachment: bytearray) -> Any:
        kind = type(value)
        if kind in _AS_THEY_ARE:  # most values are
            return value
        if kind is tuple or kind is list:
            kinds = set(map(type, value))
            if kinds <= _AS_THEY_ARE or (kinds <= _ROWS and _AS_THEY_ARE.issuperset(_kinds_within(value))):
                return value  # such as the corners of a gate: there are thousands
            return [self._plain(one, attachment) for one in value]
        if isinstance(value, Enum):
            return {_KIND: self._registered(value), "value": value.value}
        if isinstance(value, np.generic):
            return value.item()
        if isinstance(value, (int, float, str)):
            return value
        if is_dataclass(value) and not isinstance(value, type):
            parts = {
                name: self._plain(getattr(value, name), attachment) for name in _field_names(type(value))
            }
            return {_KIND: self._registered(value), "fields": parts}
        if isinstance(value, Mapping):
            items = [[str(key), self._plain(one, attachment)] for key, one in value.items()]
            return {_KIND: _MAPPING, "items": items}
        if isinstance(value, (tuple, list)):
            return [self._plain(one, attachment) for one in value]
        if isinstance(value, bytes):
            attachment += value
            return {_KIND: _BYTES, "end": len(attachment), "length": len(value)}
        if isinstance(value, np.ndarray) and value.dtype.kind in "biuf":
            content = self._plain(value.tobytes(), attachment)
            return {_KIND: _ARRAY, "dtype": value.dtype.str, "shape": list(value.shape), "content": content}
        raise TypeError(f"a {kind.__name__} cannot be stored")

    def _registered(self, value: Any) -> str:
        name = type(value).__name__
        if self.kinds.get(name) is not type(value):
            raise TypeError(f"{name} is not registered with the codec that is to store it")
        return name

    def _value(self, plain: Any, attachment: memoryview) -> Any:
        if type(plain) in _AS_THEY_ARE:
            return plain
        if isinstance(plain, list):
            kinds = set(map(type, plain))
            if kinds <= _AS_THEY_ARE:
                return tuple(plain)
            if kinds <= _ROWS and _AS_THEY_ARE.issuperset(_kinds_within(plain)):
                return tuple(map(tuple, plain))
            return tuple([self._value(one, attachment) for one in plain])
        kind = plain[_KIND]
        if kind == _MAPPING:
            return {key: self._value(one, attachment) for key, one in plain["items"]}
        if kind == _BYTES:
            return bytes(attachment[plain["end"] - plain["length"] : plain["end"]])
        if kind == _ARRAY:
            dtype = np.dtype(plain["dtype"])
            if dtype.kind not in "biuf":
                raise ValueError(f"an array of {dtype}")
            content = self._value(plain["content"], attachment)
            return np.frombuffer(content, dtype).reshape(plain["shape"]).copy()
        made = self.kinds[kind]
        if issubclass(made, Enum):
            return made(plain["value"])
        return made(**{name: self._value(one, attachment) for name, one in plain["fields"].items()})


@cache
def _field_names(kind: type) -> tuple[str, ...]:
    return tuple(one.name for one in fields(kind))


def _kinds_within(rows: Iterable[Iterable[Any]]) -> Iterator[type]:
    return map(type, chain.from_iterable(rows))
