"""Three bugs that real projects had and mended.

The sources are the releases' own; the change of the code is the later release's, so is the test where it had one.
"""

from __future__ import annotations

from tests.bench.peers.tasks import BugFix, Edit, Read, Shell

TASKS = (
    BugFix(
        package="xmltodict",
        version="0.14.1",
        goal="Elements that hold nothing but whitespace are parsed as that whitespace, although strip_whitespace is "
        "on. They should be None.",
        test="python3 -m unittest discover -s tests",
        shows="import xmltodict; assert xmltodict.parse('<a> </a>') == {'a': None}",
        looks=(
            Shell("grep -n strip_whitespace xmltodict.py tests/*.py"),
            Read("xmltodict.py", 1, 400),
            Read("tests/test_xmltodict.py", 1, 220),
        ),
        change=(
            Edit(
                "xmltodict.py",
                "            if self.strip_whitespace and data and item:\n",
                "            if self.strip_whitespace and data:\n",
            ),
            Edit(
                "tests/test_xmltodict.py",
                "            {'root': {'emptya': \"           \",\n",
                "            {'root': {'emptya': None,\n",
            ),
        ),
        proof=Edit(
            "tests/test_xmltodict.py",
            "        self.assertEqual(parse(xml), dict(root=' '))\n",
            "        self.assertEqual(parse(xml), dict(root=None))\n",
        ),
        touched=("xmltodict.py", "tests/test_xmltodict.py"),
    ),
    BugFix(
        package="mistune",
        version="3.0.1",
        goal="Many lists with alternating bullets in a row end in a RecursionError. They should be parsed.",
        test="PYTHONPATH=src python3 -m unittest discover -s tests -t .",
        shows="import sys; sys.path.insert(0, 'src'); import mistune; mistune.html('* a\\n- b\\n' * 400)",
        looks=(
            Shell("grep -n parse_method src/mistune/*.py"),
            Read("src/mistune/list_parser.py", 1, 260),
            Read("tests/test_misc.py", 1, 200),
        ),
        change=(
            Edit(
                "src/mistune/list_parser.py",
                "                break\n            tok_index = len(state.tokens)\n",
                "                break\n\n            if tok_type == 'list':\n"
                "                break\n\n            tok_index = len(state.tokens)\n",
            ),
        ),
        proof=Edit(
            "tests/test_misc.py",
            "    def test_before_parse_hooks(self):\n",
            "    def test_many_lists(self):\n        html = mistune.html('* a\\n- b\\n' * 400)\n"
            "        self.assertEqual(html.count('<ul>'), 800)\n\n    def test_before_parse_hooks(self):\n",
        ),
        touched=("src/mistune/list_parser.py", "tests/test_misc.py"),
    ),
    BugFix(
        package="unidiff",
        version="0.7.4",
        goal="Files in git's binary patch format are not recognised as binary. `GIT binary patch` should do it, as "
        "`Binary files differ` does.",
        test="python3 -m unittest discover -s tests",
        shows="import unidiff; text = 'diff --git a/x.png b/x.png\\nindex 1..2 100644\\nGIT binary patch\\ndelta 6\\n'"
        "; assert unidiff.PatchSet(text)[0].is_binary_file",
        looks=(
            Shell("grep -n -i binary unidiff/*.py"),
            Read("unidiff/patch.py", 240, 620),
            Read("HISTORY", 1, 60),
        ),
        change=(
            Edit(
                "unidiff/patch.py",
                "            patch_info.append(line)\n\n    @classmethod\n    def from_filename",
                "            if line == 'GIT binary patch\\n':\n                current_file.is_binary_file = True\n"
                "                patch_info = None\n                current_file = None\n                continue\n\n"
                "            patch_info.append(line)\n\n    @classmethod\n    def from_filename",
            ),
            Edit("HISTORY", "0.7.4 - 2022-06-26\n", "0.7.5 - unreleased\n------------------\n\n"
                 "* Support binary patch format.\n\n0.7.4 - 2022-06-26\n"),
        ),
        proof=Shell(
            "cat > tests/test_binary.py <<'EOF'\nimport unittest\n\nfrom unidiff import PatchSet\n\n\n"
            "class BinaryTest(unittest.TestCase):\n    def test_binary_patch(self):\n"
            "        text = 'diff --git a/x.png b/x.png\\nindex 1..2 100644\\nGIT binary patch\\ndelta 6\\n'\n"
            "        self.assertTrue(PatchSet(text)[0].is_binary_file)\nEOF"
        ),
        touched=("HISTORY", "tests/test_binary.py", "unidiff/patch.py"),
    ),
)  # fmt: skip
