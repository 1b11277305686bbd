from __future__ import annotations

from greenroom.config.locate import locate

TEXT = '''\
# name = "no"
name = "x" # [app]
text = """
[not.a.table]
key = "no"
"""
other = \'\'\'
[neither]\'\'\'

[app]
a.b."c d" = 1
list = [
  "one", # two
  [ "#", ']' ],
  { x = 1, y = { z = 2 } },
]
inline = { p = "}", q.r = [1, 2] }
date = 1979-05-27 07:32:00

[[rules]]
m = 1
[rules.sub]
n = 1
[[rules]]
m = 2
[ roles . "we\\u0062" ]
last = true'''


def test_keys_and_tables() -> None:
    lines = locate(TEXT).by_path
    assert lines[("name",)] == 2
    assert lines[("text",)] == 3
    assert lines[("other",)] == 7
    assert ("not",) not in lines
    assert lines[("app",)] == 10
    assert lines[("app", "a", "b", "c d")] == 11
    assert lines[("app", "list", 2, "y", "z")] == 15
    assert lines[("app", "inline", "q", "r", 1)] == 17
    assert lines[("app", "date")] == 18
    assert lines[("rules", 0, "sub", "n")] == 23
    assert lines[("rules", 1, "m")] == 25
    assert lines[("roles", "web", "last")] == 27


def test_falls_back_to_the_nearest_table() -> None:
    lines = locate(TEXT)
    assert lines.of(("app", "missing")) == 10
    assert lines.of(("app", "list", 1, "deeper", 3)) == 14
    assert lines.of(("nowhere",)) == 1
    assert lines.of(()) == 1


def test_broken_text_keeps_what_was_found() -> None:
    assert locate('name = "x"\n[app]\n???').by_path == {("name",): 1, ("app",): 2}
