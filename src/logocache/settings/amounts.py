"""Amounts in settings: written in the unit of the setting's name, stored as bytes, pixels or timedeltas."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

KB = 1000
MB = MEGAPIXEL = 1_000_000
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Amount:
    """Field annotation: a number of `unit`s within bounds becomes an int or a timedelta.

    Numbers above 0 stay above 0. `whole` rejects fractions. Serialised as the number of units.
    """

    unit: int | timedelta
    gt: float | None = None
    ge: float | None = None
    le: float | None = None
    whole: bool = False

    def __get_pydantic_core_schema__(self, _source: object, _handler: GetCoreSchemaHandler) -> CoreSchema:
        bounds: dict[str, Any] = {"gt": self.gt, "ge": self.ge, "le": self.le}
        bounds = {rule: bound for rule, bound in bounds.items() if bound is not None}
        return core_schema.no_info_after_validator_function(
            self.held,
            core_schema.int_schema(**bounds) if self.whole else core_schema.float_schema(**bounds),
            serialization=core_schema.plain_serializer_function_ser_schema(self.written),
        )

    def held(self, number: float) -> int | timedelta:
        """The amount for a `number` of units."""
        if isinstance(self.unit, timedelta):
            return max(number * self.unit, timedelta.resolution) if number else timedelta()
        return max(round(number * self.unit), 1) if number else 0

    def written(self, amount: int | timedelta) -> float:
        """The number of units in `amount`: the inverse of `held`."""
        number = float(amount / self.unit)  # type: ignore[operator, arg-type]  # both ints, or both timedeltas
        return int(number) if number.is_integer() else number
