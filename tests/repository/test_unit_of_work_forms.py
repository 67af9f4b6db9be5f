"""All files of a logo in one transaction."""

from dataclasses import replace

from harness.entries import store
from harness.factories import NOW, make_cached, make_file, make_form
from logocache.repository import Repository

WITH_FORMS = replace(
    make_file("apple", content=b"png"),
    svg=make_form(b"svg", key="apple"),
    dark=make_form(b"dark", key="apple", suffix=".dark.png"),
    shows_on_dark=False,
)
NAMES = [form.name for form in WITH_FORMS.forms]


def test_all_forms_of_a_logo_are_kept_counted_and_named(repository: Repository) -> None:
    store(repository, make_cached("apple", file=WITH_FORMS))
    apple = repository.get("apple")
    assert apple is not None
    assert apple.file == WITH_FORMS
    assert [list(page) for page in repository.files()] == [[("apple", WITH_FORMS)]]
    with repository.unit() as unit:
        assert unit.stored_bytes() == len(b"pngsvgdark")
        assert set(unit.unnamed([*NAMES, "nobody_00000000.svg"])) == {"nobody_00000000.svg"}
        (logo,) = unit.least_recently_used()
        assert (logo.file, logo.size) == (WITH_FORMS, 10)
        unit.evict(["apple"], until=NOW)
        assert unit.stored_bytes() == 0
        assert set(unit.unnamed(NAMES)) == set(NAMES)
    assert repository.wrong_totals() == []
