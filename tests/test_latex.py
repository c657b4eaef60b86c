"""Numbers and text in LaTeX, read back."""

import math
import re
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pycode.check import Check
from pycode.latex import demand, exactly, measurement, number, text, verbatim, verdict

finite = st.floats(allow_nan=False, allow_infinity=False)


def read_back(latex: str) -> Decimal:
    """Value of a printed number."""
    match = re.fullmatch(r"([+-]?)(?:([\d.]+)\\times)?10\^\{(-?\d+)\}", latex)
    if match:
        return Decimal(f"{match[1]}{match[2] or 1}e{match[3]}")
    return Decimal(latex.replace(r"\,", ""))


def half_a_digit(shown: Decimal) -> Decimal:
    return Decimal(5).scaleb(shown.as_tuple().exponent - 1)


@given(finite)
def test_number_shows_the_value_to_four_digits(value):
    shown = read_back(number(value))
    assert abs(shown - Decimal(value)) <= Decimal("0.0005") * abs(shown)


@given(finite, st.integers(1, 17))
def test_number_is_right_in_each_digit_it_shows(value, digits):
    shown = read_back(number(value, f".{digits - 1}e"))
    assert abs(shown - Decimal(value)) <= half_a_digit(shown)


@given(st.floats(-1e15, 1e15), st.integers(0, 12))
def test_number_with_fixed_decimals_is_right_in_each_digit_it_shows(value, digits):
    shown = read_back(number(value, f".{digits}f"))
    assert abs(shown - Decimal(value)) <= half_a_digit(shown)


@given(st.integers(-(10**18), 10**18))
def test_integers_are_complete_in_groups_of_three(value):
    latex = number(value)
    assert read_back(latex) == value
    assert re.fullmatch(r"-?\d{1,3}(\\,\d{3})*", latex)


@pytest.mark.parametrize(
    ("value", "spec", "latex"),
    [
        (1e-15, "", r"10^{-15}"),
        (-1e20, "", r"-10^{20}"),
        (1.25e-7, ".2e", r"1.25\times10^{-7}"),
        (0.123, ".1%", r"12.3\,\%"),
        (200.0, "d", "200"),
        (1234567, "", r"1\,234\,567"),
        (0.0, "", "0"),
        (-0.0, ".2f", "0"),
        (0.0, ".0%", r"0\,\%"),
        (1e-16, "+.1g", "+10^{-16}"),
        (12.0, "#.2g", "12"),
    ],
)
def test_number_as_written_by_hand(value, spec, latex):
    assert number(value, spec) == latex


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_number_refuses_what_is_not_finite(value):
    with pytest.raises(ValueError, match="cannot be printed as a number"):
        number(value)


def test_number_refuses_a_fraction_as_an_integer():
    with pytest.raises(ValueError, match="'d'"):
        number(0.5, "d")


@pytest.mark.parametrize(
    ("check", "measured", "demanded"),
    [
        (Check(2e-16, 0.0, 4e-15, ""), r"2.0\times10^{-16}", r"0\pm4.0\times10^{-15}"),
        (Check(0.0, 0.0, 4e-15, ""), "0", r"0\pm4.0\times10^{-15}"),
        (Check(7.4983, 7.5, 0.2, ""), "7.5", r"7.5\pm0.20"),
        (Check(-11.656854, -11.656854, 1e-13, ""), r"-11.6569\;(0)", r"-11.6569\pm1.0\times10^{-13}"),
        (Check(3 + 2**-50, 3.0, 1e-13, ""), r"3\;(+9\times10^{-16})", r"3\pm1.0\times10^{-13}"),
        (Check(0.5, 0.5, 0.0, ""), "0.5", "0.5"),
        (Check(0.41, 1.0, 0.5, "", "<="), "0.41", r"\le 1.5"),
        (Check(2.0, 1.0, 0.25, "", ">="), "2", r"\ge 0.75"),
    ],
)
def test_measurement_and_demand_as_written_by_hand(check, measured, demanded):
    assert measurement(check) == measured
    assert demand(check) == demanded


@given(st.floats(1e-3, 1e6), st.floats(1e-3, 1.0))
def test_measurement_shows_what_the_tolerance_resolves(reference, relative):
    tolerance = relative * reference
    shown = float(read_back(measurement(Check(reference, reference, tolerance, ""))))
    assert abs(shown - reference) <= tolerance


def test_text_escapes_what_latex_would_read():
    assert text(r"a_b & 50 % of #1 {$} ~^\ <>|*") == (
        r"a\_b \& 50 \% of \#1 \{\$\} \textasciitilde{}\textasciicircum{}\textbackslash{} "
        r"\ensuremath{<}\ensuremath{>}\ensuremath{|}\ensuremath{*}"
    )


def test_text_groups_digits_as_numbers_do():
    assert text("1,234,567, 90,000 and f(1,2), x,300, 1,2345") == r"1\,234\,567, 90\,000 and f(1,2), x,300, 1,2345"


def test_text_keeps_letters_with_accents_and_turns_symbols_into_mathematics():
    assert text("Poincaré: σ² ≤ ½ – then") == (
        r"Poincaré: \ensuremath{\sigma}\ensuremath{^2} \ensuremath{\le} \ensuremath{\frac12} -- then"
    )


@given(st.text(st.characters(codec="ascii", categories=("L", "N", "Z", "P", "S"))))
def test_text_leaves_no_special_character_bare(plain):
    latex = re.sub(r"\\(?:ensuremath\{.\}|text[a-z]+\{\}|[{}$&#_%,])", "", text(plain))
    assert not re.search(r"[{}$&#_%~^\\<>|*]", latex)


@pytest.mark.parametrize("character", ["😀", "中", "ʒ"])
def test_text_names_the_character_that_the_page_lacks(character):
    with pytest.raises(ValueError, match=rf"no LaTeX for '{character}' \(U\+{ord(character):04X}\).*pycode/latex.py"):
        text(f"so {character}")


def test_verbatim_changes_symbols_only():
    assert verbatim("a_b = μ # 100 %") == r"a_b = \ensuremath{\mu} # 100 %"


@pytest.mark.parametrize(("worst", "shown"), [(0.0, "0"), (2.6e-16, r"3\cdot 10^{-16}"), (9.7e-16, "10^{-15}")])
def test_verdict_shows_the_worst_difference_to_one_digit(worst, shown):
    assert (
        verdict("a.tex", 2, "checked", 5, 4, 3, worst)
        == rf"\displayverdict{{a.tex}}{{2}}{{checked}}{{5}}{{4}}{{3}}{{{shown}}}"
    )


@pytest.mark.parametrize(("log2_error", "shown"), [(-60.0, "-60"), (-60.04, "-60"), (-59.96, "-59"), (0.0, "0")])
def test_bound_is_rounded_up(log2_error, shown):
    said = exactly("a.tex", 2, 4, 3, log2_error, 17, [])
    assert said == rf"\displayexact{{a.tex}}{{2}}{{4}}{{3}}{{{shown}}}{{17}}{{}}"


def test_undecided_equality_is_told_with_its_innermost_reason():
    reason = r"\beta of a.tex:46 cannot be used so: \alpha of b.tex:2 cannot be used so: a power π_1"
    remarks = r"{\byfloats{3}{a sine}\byfloats{5}{a power \ensuremath{\pi}\_1}}"
    assert exactly("a.tex", 2, 4, 2, -60.0, 17, [[3, "a sine"], [5, reason]]).endswith(remarks)
