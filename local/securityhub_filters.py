"""The filters of GetFindings (ASFF) and of GetFindingsV2 (OCSF): what is refused, and which findings match.

Evidence, API reference:
- GetFindingsRequest: up to 10 attributes, up to 20 values each; attributes are joined by AND.
- StringFilter, MapFilter: affirmative comparisons on one field are joined by OR, negated ones by AND. EQUALS beside
  NOT_EQUALS or PREFIX_NOT_EQUALS "returns an error"; PREFIX beside them is allowed. CONTAINS and NOT_CONTAINS "can be
  used only with automation rules", CONTAINS_WORD only with the V2 operations: elsewhere they are refused here.
- GetFindingsV2Request: up to 10 composite filters, up to 20 filters of each kind in one; `Operator` joins what stands
  in a composite filter, its nested ones too (one level), `CompositeOperator` joins the composite filters. That an
  absent operator means AND is inferred.
"""

from collections.abc import Iterator
from typing import Any

from local import securityhub_compare as compare
from local.securityhub_fields import PATHS
from local.securityhub_model import shape

type Json = dict[str, Any]

_ATTRIBUTES, _VALUES, _COMPOSITES = 10, 20, 10
_CLASSIC = {"EQUALS", "PREFIX", "NOT_EQUALS", "PREFIX_NOT_EQUALS"}
_KINDS = ("String", "Date", "Boolean", "Number", "Map", "Ip")


def kind_of(name: str) -> str:
    """String, Date, Number, Map, Ip, Boolean or Keyword: what a filter of GetFindings takes."""
    return str(shape("AwsSecurityFindingFilters").members[name].name).removesuffix("FilterList")


def problems(filters: Json) -> Iterator[str]:
    """What AWS refuses in the filters of GetFindings, beyond their shape."""
    if len(filters) > _ATTRIBUTES:
        yield f"data.Filters should NOT have more than {_ATTRIBUTES} properties"
    for name, wanted in filters.items():
        path = f"data.Filters.{name}"
        if len(wanted) > _VALUES:
            yield f"{path} should NOT have more than {_VALUES} items"
        for index, each in enumerate(wanted):
            yield from _one(kind_of(name), each, f"{path}[{index}]", _CLASSIC)
        used = {each.get("Comparison") for each in wanted}
        if kind_of(name) in {"String", "Map"} and "EQUALS" in used and used & compare.NEGATED:
            yield f"{path} should NOT have EQUALS together with NOT_EQUALS or PREFIX_NOT_EQUALS"


def _one(kind: str, wanted: Json, path: str, comparisons: set[str]) -> Iterator[str]:
    if found := compare.problem(kind, wanted):
        yield f"{path} {found}"
    elif kind in {"String", "Map"} and wanted["Comparison"] not in comparisons:
        yield f"{path}.Comparison {wanted['Comparison']} cannot be used with this operation"


def matches(finding: Json, filters: Json, now: int) -> bool:
    """Whether an ASFF finding is asked for; `now` in nanoseconds."""
    return all(_attribute(finding, name, wanted, now) for name, wanted in filters.items() if wanted)


def _attribute(finding: Json, name: str, wanted: list[Json], now: int) -> bool:
    if name == "Keyword":
        return any(compare.keyword(finding, each) for each in wanted)
    kind, found = kind_of(name), compare.values(finding, PATHS[name])
    negated = [each for each in wanted if each.get("Comparison") in compare.NEGATED]
    affirmative = [each for each in wanted if each not in negated]
    return all(_holds(kind, found, each, now) for each in negated) and (
        not affirmative or any(_holds(kind, found, each, now) for each in affirmative)
    )


def _holds(kind: str, found: list[Any], wanted: Json, now: int) -> bool:
    match kind:
        case "String":
            return compare.text(found, wanted)
        case "Map":
            return compare.tag(found, wanted)
        case "Number":
            return compare.number(found, wanted)
        case "Date":
            return compare.date(found, wanted, now)
        case "Ip":
            return compare.ip(found, wanted)
        case _:
            return compare.boolean(found, wanted)


def composite_problems(
    filters: Json, path: str = "data.Filters.CompositeFilters", *, nested: bool = False
) -> Iterator[str]:
    """What AWS refuses in the filters of GetFindingsV2, beyond their shape."""
    listed = filters.get("NestedCompositeFilters" if nested else "CompositeFilters") or []
    if len(listed) > _COMPOSITES:
        yield f"{path} should NOT have more than {_COMPOSITES} composite filters"
    for index, one in enumerate(listed):
        where = f"{path}[{index}]"
        for kind in _KINDS:
            yield from _filters_of_kind(kind, one.get(f"{kind}Filters") or [], f"{where}.{kind}Filters")
        if nested and one.get("NestedCompositeFilters"):
            yield f"{where}.NestedCompositeFilters should NOT be nested deeper than one level"
        elif not nested:
            yield from composite_problems(one, f"{where}.NestedCompositeFilters", nested=True)


def _filters_of_kind(kind: str, listed: list[Json], path: str) -> Iterator[str]:
    if len(listed) > _VALUES:
        yield f"{path} should NOT have more than {_VALUES} items"
    for index, each in enumerate(listed):
        where = f"{path}[{index}]"
        if not each.get("FieldName") or not each.get("Filter"):
            yield f"{where} should have required properties 'FieldName' and 'Filter'"
        else:
            allowed = _CLASSIC | ({"CONTAINS_WORD"} if kind == "String" else set())
            yield from _one(kind, each["Filter"], f"{where}.Filter", allowed)


def composite_matches(finding: Json, filters: Json, now: int) -> bool:
    """Whether an OCSF finding is asked for."""
    listed = filters.get("CompositeFilters") or []
    return _join(filters.get("CompositeOperator"), [_composite(finding, one, now) for one in listed])


def _composite(finding: Json, one: Json, now: int) -> bool:
    found = [
        _holds(kind, compare.values(finding, each["FieldName"]), each["Filter"], now)
        for kind in _KINDS
        for each in one.get(f"{kind}Filters") or []
    ]
    found += [_composite(finding, each, now) for each in one.get("NestedCompositeFilters") or []]
    return _join(one.get("Operator"), found)


def _join(operator: str | None, found: list[bool]) -> bool:
    return not found or (any(found) if operator == "OR" else all(found))
