from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet

from mlops_ci.errors import NothingToJudge
from mlops_ci.tools.duckdb import Column, Sample, Sql, identifier, literal, open_table


def written(path: Path, **columns: object) -> Path:
    if path.suffix == ".csv":
        rows = zip(*(map(str, values) for values in columns.values()), strict=True)  # type: ignore[call-overload]
        path.write_text("\n".join([",".join(columns), *(",".join(row) for row in rows)]) + "\n")
    else:
        parquet.write_table(pa.table(columns), path)
    return path


def test_names_and_texts_are_quoted_whatever_stands_in_them(tmp_path: Path) -> None:
    assert identifier('a"b') == '"a""b"'
    assert literal("it's") == "'it''s'"
    path = written(tmp_path / "it's [1]*.parquet", **{'we"ird; --': [1, 2]})
    with open_table([path]) as table:
        assert table.aggregate([Sql(f"sum({identifier(table.columns[0].name)})")]) == (3,)


def test_every_kind_of_column_is_known(tmp_path: Path) -> None:
    path = tmp_path / "data.parquet"
    kinds = {"i": pa.int32(), "f": pa.float64(), "s": pa.string(), "b": pa.bool_(), "t": pa.timestamp("us")}
    parquet.write_table(pa.table({name: pa.array([None], type_) for name, type_ in kinds.items()}), path)
    with open_table([path]) as table:
        assert [one.kind for one in table.columns] == ["integer", "float", "text", "boolean", "time"]


def test_values_are_bound_in_the_order_of_the_expressions(tmp_path: Path) -> None:
    with open_table([written(tmp_path / "a.parquet", x=[1, 2, 3])]) as table:
        counted = table.aggregate(
            [Sql("count(*) FILTER (WHERE x < ?)", (2,)), Sql("count(*)"), Sql("count(*) FILTER (WHERE x > ?)", (1,))]
        )
    assert counted == (1, 3, 2)


@pytest.mark.parametrize("suffix", ["parquet", "csv"])
def test_samples_say_in_which_row_of_which_file_they_stand(tmp_path: Path, suffix: str) -> None:
    files = [written(tmp_path / f"{at}.{suffix}", x=[at, 5, at]) for at in (1, 2)]
    with open_table(files) as table:
        found = table.sample(["x"], Sql("x = ?", (5,)), 10)
        assert table.place(6) == (3, str(files[1]))
        with pytest.raises(IndexError):
            table.place(7)
    assert found == (Sample({"x": 5}, 2, str(files[0])), Sample({"x": 5}, 2, str(files[1])))


def test_no_more_samples_than_asked_for(tmp_path: Path) -> None:
    with open_table([written(tmp_path / "a.csv", x=[1] * 50)]) as table:
        assert len(table.sample(["x"], Sql("true"), 20)) == 20


def test_csv_holds_numbers_and_text_and_the_missing_marks_of_pandas(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text('i,f,s,d,b\n1,1.5,"x, ""y""",2013-01-02,t\nNA,nan,null,,\n')
    with open_table([path]) as table:
        assert table.columns == (
            Column("i", "integer", "BIGINT"),
            Column("f", "float", "DOUBLE"),
            Column("s", "text", "VARCHAR"),
            Column("d", "text", "VARCHAR"),
            Column("b", "text", "VARCHAR"),
        )
        assert table.aggregate([Sql("count(*)"), Sql("count(i)"), Sql("count(f)"), Sql("min(s)")]) == (
            2,
            1,
            1,
            'x, "y"',
        )


def test_one_strange_value_far_down_makes_a_csv_column_text_not_an_error(tmp_path: Path) -> None:
    with open_table([written(tmp_path / "a.csv", x=[*range(30_000), "many"])]) as table:
        assert table.columns[0].kind == "text"


def test_arrow_gets_the_whole_table(tmp_path: Path) -> None:
    with open_table([written(tmp_path / "a.parquet", x=[1, None], y=["a", "b"])]) as table:
        assert table.to_arrow().to_pydict() == {"x": [1, None], "y": ["a", "b"]}


@pytest.mark.parametrize(
    ("name", "content"), [("a.parquet", b"hello"), ("a.parquet", b""), ("a.csv", b"\x00\xff\xfe" * 99)]
)
def test_an_unreadable_file_is_named(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(NothingToJudge, match="cannot be read"), open_table([tmp_path / name]):
        pass


def test_files_that_differ_in_their_columns_are_refused(tmp_path: Path) -> None:
    files = [written(tmp_path / "a.parquet", x=[1], y=[1]), written(tmp_path / "b.parquet", x=[1])]
    with pytest.raises(NothingToJudge, match=r"a\.parquet and b\.parquet differ in their columns: only one .* has y"):
        open_table(files).__enter__()


def test_a_mistake_in_our_sql_stays_a_bug(tmp_path: Path) -> None:
    with open_table([written(tmp_path / "a.parquet", x=[1])]) as table, pytest.raises(Exception, match="nothere"):
        table.aggregate([Sql("nothere")])
