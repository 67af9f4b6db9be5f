"""A sanitised SVG holds only drawn elements, and refers to nothing outside."""

import re
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.image_samples import SMALL_IMAGES, SVG_ROOT, data_uri, encoded, svg, two_colours
from logocache.images.errors import ImageRefused
from logocache.images.svg_sanitiser import DEEPEST, MOST_ELEMENTS, sanitise

PNG = data_uri(SMALL_IMAGES["png"], "image/png")


def sanitised(document: bytes) -> str:
    return sanitise(document, max_pixels=10**6).text


def content(inner: str) -> str:
    """The sanitised content of a root element."""
    text = sanitised(svg(inner, attributes=""))
    found = re.fullmatch(r'<svg xmlns="http://www.w3.org/2000/svg">(.*)</svg>', text, re.DOTALL)
    assert found is not None, text
    return found[1]


@pytest.mark.parametrize(
    ("inner", "left"),
    [
        pytest.param(
            '<path d="M0 0h5" fill="#f00"/>', '<path d="M0 0h5" fill="#ff0000"></path>', id="a shape"
        ),
        pytest.param("<script>alert(1)</script><g/>", "<g></g>", id="script"),
        pytest.param(
            '<foreignObject><g xmlns="http://www.w3.org/1999/xhtml"/><rect/></foreignObject><g/>',
            "<g></g>",
            id="foreignObject",
        ),
        pytest.param("<g><text>a<tspan>b</tspan></text><title>c</title></g>", "<g></g>", id="text"),
        pytest.param(
            '<image><set attributeName="href" to="/etc/x.png"/><animate/></image>',
            "<image></image>",
            id="set",
        ),
        pytest.param("<g><animateTransform/><animateMotion/></g>", "<g></g>", id="animations"),
        pytest.param('<g onclick="x()" onload="y()" id="a"/>', '<g id="a"></g>', id="events"),
        pytest.param('<a href="https://x"><g/></a>', "<g><g></g></g>", id="link"),
        pytest.param('<use xlink:href="#a"/>', '<use href="#a"></use>', id="xlink to a fragment"),
        pytest.param('<use href="b.svg#a"/>', "<use></use>", id="use of a file"),
        pytest.param('<image href="/etc/x.png"/>', "<image></image>", id="image of a file"),
        pytest.param('<image xlink:href="/etc/x.png"/>', "<image></image>", id="image of a file by xlink"),
        pytest.param(
            '<image xmlns:z="urn:z" z:href="/etc/x.png"/>', "<image></image>", id="href of a namespace"
        ),
        pytest.param('<g xml:base="file:///etc/" id="a"/>', '<g id="a"></g>', id="xml:base"),
        pytest.param(f'<image href="{PNG}"/>', f'<image href="{PNG}"></image>', id="embedded raster"),
        pytest.param(f'<use href="{PNG}"/>', "<use></use>", id="embedded raster elsewhere"),
        pytest.param('<feImage href="#a"/>', '<feImage href="#a"></feImage>', id="feImage of a fragment"),
        pytest.param('<feImage href="x.png"/>', "<feImage></feImage>", id="feImage of a file"),
        pytest.param('<rect fill="url(x.svg#a)"/>', '<rect fill="none"></rect>', id="fill from a file"),
        pytest.param('<rect filter="u\\72l(x)"/>', '<rect filter="none"></rect>', id="escaped value"),
        pytest.param(
            '<g style="fill:url(#a);mask:url(x)"/>', '<g fill="url(#a)" mask="none"></g>', id="style"
        ),
        pytest.param(
            '<style><![CDATA[.a>g{fill:red}]]></style><g class="a"><g/></g>',
            '<g><g fill="#ff0000"></g></g>',
            id="style sheet",
        ),
        pytest.param(
            '<style>.a{fill:u\\72l(x)}</style><g class="a"/>', '<g fill="none"></g>', id="escaped style sheet"
        ),
        pytest.param(
            '<style>.a<g/>{fill:red}</style><g class="a"/>',
            '<g fill="#ff0000"></g>',
            id="style sheet with an element",
        ),
        pytest.param(
            '<style>.a<b/>{fill:red}</style><g class="a"/>',
            '<g fill="#ff0000"></g>',
            id="style sheet with an unknown element",
        ),
        pytest.param('<g id="&quot;&lt;&amp;"/>', "<g id='\"&lt;&amp;'></g>", id="characters of XML"),
        pytest.param("<!-- a --><?xml-stylesheet href='x.css'?><g/>", "<g></g>", id="comment, instruction"),
        pytest.param('<g xmlns="urn:other"><rect/></g><g/>', "<g></g>", id="another namespace"),
        pytest.param('<unknown><rect href="x"/></unknown><g/>', "<g></g>", id="unknown element"),
        pytest.param("<g>stray text</g>", "<g></g>", id="stray text"),
    ],
)
def test_only_what_is_drawn_is_left(inner: str, left: str) -> None:
    assert content(inner) == left


def test_elements_without_a_namespace_are_taken_for_svg() -> None:
    assert sanitised(b"<svg viewBox='0 0 1 1'><g/></svg>") == (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"><g></g></svg>'
    )


def test_a_root_of_another_namespace_leaves_nothing() -> None:
    assert sanitised(b"<svg xmlns='urn:other'><g/></svg>") == ""


def test_the_attributes_of_the_root_are_told() -> None:
    assert sanitise(svg("", attributes='width="3" onload="x()"'), max_pixels=1).root == {"width": "3"}


@pytest.mark.parametrize(
    "doctype",
    [
        '<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd">',
        '<!DOCTYPE svg SYSTEM "file:///etc/passwd">',
    ],
)
def test_a_document_type_is_read_over_and_not_loaded(doctype: str) -> None:
    assert sanitised(doctype.encode() + svg("<g/>", attributes="")).endswith("<g></g></svg>")


def test_entities_of_plain_text_are_replaced() -> None:
    document = b'<!DOCTYPE svg [<!ENTITY ns "http://www.w3.org/2000/svg"><!ENTITY c "#0a5">]>'
    document += b'<svg xmlns="&ns;"><g fill="&c;"/></svg>'
    assert '<g fill="#00aa55"></g>' in sanitised(document)


@pytest.mark.parametrize(
    ("inner", "lost"),
    [
        ("<text>Q</text>", "text, for which there is no font"),
        ("<text> </text><g/>", None),
        ('<g style="display:none"><text>Q</text></g>', None),
        ("<style>text{display:none}</style><text>Q</text>", None),
        ('<foreignObject><p xmlns="http://www.w3.org/1999/xhtml">a</p></foreignObject>', "HTML inside"),
        ('<foreignObject requiredExtensions="http://ns.adobe.com/">a</foreignObject>', None),
        ("<style>@import url(x.css);</style>", "a style sheet elsewhere"),
        ('<rect fill="url(#a)"/>', "a reference to #a, which is not in it"),
        ('<rect fill="url(#a) red"/>', None),
        ('<rect fill="url(#a)"/><linearGradient id="a"/>', None),
        ('<use href="#b"/>', "a reference to #b, which is not in it"),
        ('<image href="https://x.example/a.png"/>', "an image elsewhere, or of another kind"),
        ('<rect style="clip-path:circle(40%)"/>', "a clip path that is a CSS shape"),
        ('<rect style="transform:translate(-50%,0)"/>', "a transform that depends on a box"),
        ("<title>Q</title><g/>", None),
    ],
)
def test_what_a_browser_would_draw_and_we_cannot_is_said(inner: str, lost: str | None) -> None:
    assert sanitise(svg(inner), max_pixels=1).lost == lost


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        pytest.param(
            b'<!DOCTYPE svg [<!ENTITY a "b"><!ENTITY c "&a;&a;">]><svg>&c;</svg>', "entities", id="recursion"
        ),
        pytest.param(
            b'<!DOCTYPE svg [<!ENTITY a "&#60;g/>">]><svg>&a;</svg>', "entities", id="entity with markup"
        ),
        pytest.param(
            f'<!DOCTYPE svg [<!ENTITY a "{"b" * 1001}">]><svg/>'.encode(), "entities", id="long entity"
        ),
        pytest.param(
            f'<!DOCTYPE svg [<!ENTITY a "{"b" * 1000}">]><svg>{"&a;" * 1001}</svg>'.encode(),
            "entities",
            id="entity used too often",
        ),
        pytest.param(
            b"<!DOCTYPE svg [" + b"".join(b"<!ENTITY a%d 'b'>" % i for i in range(101)) + b"]><svg/>",
            "entities",
            id="too many entities",
        ),
        pytest.param(
            b'<!DOCTYPE svg [<!ENTITY a SYSTEM "/etc/x">]><svg>&a;</svg>', "entities", id="external entity"
        ),
        pytest.param(
            b'<!DOCTYPE svg [<!ENTITY % a SYSTEM "/etc/x"> %a;]><svg/>', "entities", id="parameter entity"
        ),
        pytest.param(b"<svg>&nbsp;</svg>", "a broken SVG", id="entity of HTML"),
        pytest.param(b"<svg><g></svg>", "a broken SVG", id="not well formed"),
        pytest.param(b"<svg xlink:href='#a'/>", "a broken SVG", id="prefix without namespace"),
        pytest.param(
            b"<?xml version='1.0' encoding='klingon'?><svg/>", "a broken SVG", id="unknown encoding"
        ),
        pytest.param(b"<svg>\xff</svg>", "a broken SVG", id="not UTF-8"),
        pytest.param(b"<svg/><svg/>", "a broken SVG", id="two roots"),
    ],
)
def test_broken_documents_and_entities_are_refused(document: bytes, reason: str) -> None:
    with pytest.raises(ImageRefused, match=reason):
        sanitised(document)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "iso-8859-1", "windows-1252"])
def test_documents_of_other_encodings_are_read(encoding: str) -> None:
    text = f'<?xml version="1.0" encoding="{encoding}"?><svg {SVG_ROOT} id="é"/>'
    assert sanitise(text.encode(encoding), max_pixels=1).root == {"id": "é"}


def test_depth_and_number_of_elements_are_bounded() -> None:
    inside = DEEPEST - 1
    assert content("<g>" * inside + "</g>" * inside).count("<g>") == inside
    with pytest.raises(ImageRefused, match="deep"):
        sanitised(svg("<g>" * DEEPEST + "</g>" * DEEPEST))
    with pytest.raises(ImageRefused, match="deep"):
        sanitised(svg("<unknown>" * 100_000))
    with pytest.raises(ImageRefused, match="elements"):
        sanitised(svg("<g/>" * MOST_ELEMENTS))


def test_embedded_images_share_one_limit_of_pixels() -> None:
    image = f'<image href="{data_uri(encoded(two_colours((100, 100)), "PNG"), "image/png")}"/>'
    sanitise(svg(image * 2), max_pixels=20_000)
    with pytest.raises(ImageRefused, match="embedded"):
        sanitise(svg(image * 3), max_pixels=20_000)


names = st.sampled_from(
    ["svg", "g", "a", "image", "use", "style", "script", "rect", "feImage", "pattern", "text"]
)
references = st.sampled_from(
    [
        "#a",
        "/x.png",
        "url(/x.png)",
        "url(#a)",
        "u\\72l(x)",
        "url('",
        "@import 'x';",
        "/*",
        "*/",
        PNG,
        "data:,x",
    ]
)
attributes = st.dictionaries(
    st.sampled_from(["href", "xlink:href", "style", "fill", "mask", "onload", "xml:base", "src"]),
    st.lists(references, min_size=1, max_size=3).map(" ".join),
    max_size=3,
)


@st.composite
def elements(draw: st.DrawFn, inside: st.SearchStrategy[str]) -> str:
    name, inner = draw(names), "".join(draw(st.lists(inside, max_size=3)))
    written = " ".join(f'{key}="{value}"' for key, value in draw(attributes).items())
    return f"<{name} {written}>{inner}</{name}>"


@given(st.recursive(references.map(lambda text: text.replace("<", "")), elements, max_leaves=12))
def test_nothing_that_is_left_refers_outside(inner: str) -> None:
    root = ET.fromstring(sanitised(svg(inner)))
    for element in root.iter():
        for value in [*element.attrib.values(), element.text or ""]:
            assert "\\" not in value
            assert all(url == "url(#a)" for url in re.findall(r"url\s*\([^)]*\)?", value))
        assert "}script" not in element.tag
        assert not element.attrib.keys() & {"onload", "{http://www.w3.org/XML/1998/namespace}base"}
        reference = element.attrib.get("href", "#a")
        assert reference in {"#a", PNG}
