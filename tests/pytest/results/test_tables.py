import numpy as np

from fatebias.results.tables import daywise_table


def test_daywise_tables_have_names_then_means_then_sds():
    table = daywise_table({"gene": ("A", "B")}, np.array([[1.0, 2], [3, 4]]), np.array([[0.1, 0.2], [0.3, 0.4]]))
    assert list(table) == ["gene", "betahat_d0", "betahat_d1", "se_d0", "se_d1"]
    assert table.iloc[1].tolist() == ["B", 3, 4, 0.3, 0.4]
