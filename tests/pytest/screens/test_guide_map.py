import pytest

from fatebias.base.errors import ScreenError
from fatebias.screens.guide_map import read_guide_map

HEADER = "guide_name,gene_name,is_ntc\n"


def write(tmp_path, text):
    path = tmp_path / "map.csv"
    path.write_text(text)
    return path


def test_reads_names_genes_and_flags(tmp_path):
    path = write(tmp_path, HEADER + "a1, A,0\na2,A,FALSE\nn1,NTC,1\nn2,NTC,true\n")
    guide_map = read_guide_map(path)
    assert guide_map.guide_names == ("a1", "a2", "n1", "n2")
    assert guide_map.gene_names == ("A", "A", "NTC", "NTC")
    assert guide_map.is_ntc.tolist() == [False, False, True, True]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("guide,gene_name,is_ntc\na,A,0\n", r"lacks the column\(s\) guide_name; it has guide, gene_name, is_ntc"),
        ("", "as a CSV file"),
        (HEADER, "no rows"),
        (HEADER + "a,A,0\nb,B,0\n", "no control guide"),
        (HEADER + "a,A,0\na,A,0\nn,NTC,1\n", r"duplicated guide.*line 2 \(a,A,0\), line 3"),
        (HEADER + "a,A,0\na,B,0\nn,NTC,1\n", r"guide with two genes.*line 2 \(a,A,0\), line 3 \(a,B,0\)"),
        (HEADER + "a,A,maybe\nn,NTC,1\n", r"neither 0 nor 1: line 2 \(a,A,maybe\)"),
        (HEADER + ",A,0\nn,NTC,1\n", "no guide_name: line 2"),
        (HEADER + "a,,0\nn,NTC,1\n", "no gene_name: line 2"),
    ],
)
def test_refuses_with_file_line_and_remedy(tmp_path, text, said):
    path = write(tmp_path, text)
    with pytest.raises(ScreenError, match=said) as caught:
        read_guide_map(path)
    assert "map.csv" in str(caught.value)


def test_missing_file(tmp_path):
    with pytest.raises(ScreenError, match="does not exist"):
        read_guide_map(tmp_path / "none.csv")
