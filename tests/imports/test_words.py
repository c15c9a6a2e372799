"""Finding student keys and names in texts."""

import pytest

from imports.words import Words


@pytest.mark.parametrize(
    ("word", "text"),
    [
        ("née", "née,enrolled"),
        ("née", r'{"student_key": "n\u00e9e"}'),
        ("née", r'{"student_key": "n\u00E9e"}'),
        ("a/b", r'{"student_key": "a\/b"}'),
        ('a"b', r'{"student_key": "a\"b"}'),
        ('a"b', '"a""b",enrolled'),
        ('"ab"', '"""ab""",enrolled'),
        ("a\\b", r'{"student_key": "a\\b"}'),
        ("a\\nb", r"a\nb,enrolled"),
        ("\N{GRINNING FACE}-1", r'{"student_key": "\ud83d\ude00-1"}'),
        ("-1+1", "'-1+1,enrolled"),
    ],
)
def test_a_word_is_found_however_json_or_csv_spell_it(word, text):
    assert Words({word, "absent"}).find_in(["student_key,status\n", f"{text}\n"]) == {word}


@pytest.mark.parametrize(
    ("word", "text"),
    [
        ("jane@example.edu", "Jane@Example.EDU"),
        ("SID-4711", "sid-4711"),
        ("Jane Doe", "Jane,Doe"),
        ("Jane Doe", '"Jane";"Doe"'),
        ("Jane Doe", "Jane\tDoe"),
        ("Doe, Jane", "doe jane"),
        ("jdoe", "/learn/jdoe_2026.csv"),
        ("4711", "47110,4711"),
    ],
)
def test_a_word_is_found_in_any_case_and_between_any_separators(word, text):
    assert Words({word}).are_in([text])


@pytest.mark.parametrize("text", ["47110", "14711", "x4711", "4711\u00e9", "0d1c4711-9d5b"])
def test_a_word_is_not_found_within_a_longer_one(text):
    assert not Words({"4711"}).are_in([text])


def test_words_within_words_are_all_found():
    words = {"sid", "sid-1", "sid-1-b", "1", "b", "b-c", "sid-12"}

    assert Words(words).find_in(["sid-1-b-c"]) == words - {"sid-12"}


def test_any_number_of_words_is_found_at_once():
    words = {f"{'a' * (number % 300)}-{number}" for number in range(1000)}

    assert Words(words).find_in(sorted(words)) == words


def test_no_words_are_nowhere():
    assert not Words(set())
    assert not Words({'"', " "}).are_in(['a "b" c'])


def test_no_more_is_read_than_it_takes():
    lines = iter(["a", "b", "c"])

    assert Words({"b"}).are_in(lines)

    assert list(lines) == ["c"]
