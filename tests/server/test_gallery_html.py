import pytest
from fastapi import Request
from jinja2 import UndefinedError

from logocache.errors import DatabaseError
from logocache.server.gallery import pages
from logocache.server.gallery.pages import assets, templates


def asking(**fields: str) -> Request:
    headers = [(name.replace("_", "-").encode(), value.encode()) for name, value in fields.items()]
    return Request({"type": "http", "method": "GET", "path": "/", "headers": headers})


def test_a_value_that_is_missing_is_a_mistake_and_no_gap() -> None:
    with pytest.raises(UndefinedError):
        pages.render("error.html", root="./", status=404)


@pytest.mark.parametrize("held", ["*", 'W/"{tag}"', '"other", "{tag}"'], ids=["any", "weak", "list"])
def test_whoever_holds_the_page_gets_no_copy(held: str) -> None:
    tag = pages.page(asking(), "<p>x").headers["etag"].strip('"')
    again = pages.page(asking(if_none_match=held.replace("{tag}", tag)), "<p>x")
    assert (again.status_code, again.body) == (304, b"")


def test_whoever_holds_another_page_gets_this_one() -> None:
    tag = pages.page(asking(), "<p>x").headers["etag"]
    assert pages.page(asking(if_none_match=tag), "<p>y").body == b"<p>y"


def test_an_error_is_a_page_that_says_what_to_do() -> None:
    error = DatabaseError("no answer from <db>", hint="run `logocache init`")
    answer = pages.error_page(error, root="../")
    text = bytes(answer.body).decode()
    assert answer.status_code == 503
    assert "No answer from &lt;db&gt;." in text
    assert "Run <code>logocache init</code>." in text
    assert 'href="../readyz"' in text


def test_back_quotes_set_off_code_and_nothing_gets_through_unescaped() -> None:
    prose = pages._prose("a `<b>` c & `d")
    assert str(prose) == "a <code>&lt;b&gt;</code> c &amp; <code>d</code>"


def test_every_page_names_only_files_that_there_are() -> None:
    for name, source in templates().items():
        for part in source.split("asset('")[1:]:
            assert part.partition("'")[0] in assets(), name


def test_addresses_change_with_the_content() -> None:
    versions = [asset.version for asset in assets().values()]
    assert len(set(versions)) == len(versions)
    assert assets()["base.css"].address == f"static/pages/base.css?v={assets()['base.css'].version}"
