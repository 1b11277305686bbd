from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from greenroom.drivers.builds import css

CALM = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


def mark(reference: str) -> str:
    return f"<{reference}>"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a{b:url(x.png)}", "a{b:url(<x.png>)}"),
        ("a{b:url( 'x y.png' )}", "a{b:url( '<x y.png>' )}"),
        ('a{b:URL("x.png?v=1#f")}', 'a{b:URL("<x.png?v=1#f>")}'),
        ("@import 'a.css';", "@import '<a.css>';"),
        ('@import"a.css" screen;', '@import"<a.css>" screen;'),
        ("@import url(a.css);", "@import url(<a.css>);"),
        ("/* url(x) @import 'y' */url(z)", "/* url(x) @import 'y' */url(<z>)"),
        ("a{content:'url(x)'}", "a{content:'url(x)'}"),
        ('a{content:"\\"url(x)"}', 'a{content:"\\"url(x)"}'),
        ("/* never closed url(x)", "/* never closed url(x)"),
        ("a{b:curl(x) url() url('')}", "a{b:curl(x) url() url('<>')}"),
        ("a{b:url(x\\).png)}", "a{b:url(x\\).png)}"),
        ("src:url(a.woff2)format('woff2'),url(b.woff)", "src:url(<a.woff2>)format('woff2'),url(<b.woff>)"),
        ("a{b:url('it\"s.png')}", "a{b:url('<it\"s.png>')}"),
        ("a{b:url(data:image/png;base64,AA==)}", "a{b:url(<data:image/png;base64,AA==>)}"),
    ],
)
def test_references_are_found(text: str, expected: str) -> None:
    assert css.rewrite(text, mark) == expected
    assert list(css.references(text)) == [part.split(">")[0] for part in expected.split("<")[1:]]


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        ("x.png", "css/x.png"),
        ("./x.png?v=1#f", "css/x.png"),
        ("../img/a%20b.png", "img/a b.png"),
        ("../../out.png", None),
        ("/static/img/x.png", "img/x.png"),
        ("/other/x.png", None),
        ("//host/x.png", None),
        ("https://host/x.png", None),
        ("data:image/png;base64,AA", None),
        ("#clip", None),
        ("?x", None),
        ("", None),
    ],
)
def test_targets(reference: str, expected: str | None) -> None:
    assert css.target(reference, "css/app.css", "/static/") == expected


def test_renamed_keeps_the_rest() -> None:
    assert css.renamed("../img/x.png?v=1#f/g", "x.1.png") == "../img/x.1.png?v=1#f/g"
    assert css.renamed("a b.png", "a b.1.png") == "a%20b.1.png"


@settings(CALM)
@given(st.text(st.sampled_from("ab/*'\"()\\\n url@import;{}:"), max_size=60))
def test_changing_nothing_changes_nothing(text: str) -> None:
    assert css.rewrite(text, lambda reference: reference) == text


@settings(CALM)
@given(
    st.lists(
        st.sampled_from(["url(", ")", "'", '"', "/*", "*/", "a.png", " ", "\\", "\n", "@import "]),
        max_size=25,
    )
)
def test_rewriting_finds_the_same_places_again(parts: list[str]) -> None:
    text = "".join(parts)
    once = css.rewrite(text, lambda reference: reference + "x" if reference.strip() else reference)
    assert len(list(css.references(once))) == len(list(css.references(text)))
