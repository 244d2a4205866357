"""What Great Expectations ships: the name of every expectation and of its arguments, known without importing it."""

from collections.abc import Mapping

_CONDITION = frozenset({"row_condition", "condition_parser"})
_COLUMN = _CONDITION | {"column"}
_VALUE = _COLUMN | {"mostly"}
_PAIR = _CONDITION | {"column_A", "column_B", "ignore_row_if", "mostly"}
_SEVERAL = _CONDITION | {"column_list", "ignore_row_if", "mostly"}
_ROWS = _CONDITION
_BOUNDS = frozenset({"min_value", "max_value", "strict_min", "strict_max"})

# Taken by every expectation; none of them changes what is expected.
COMMON = frozenset(
    {
        "batch_id",
        "catch_exceptions",
        "description",
        "id",
        "meta",
        "notes",
        "rendered_content",
        "result_format",
        "severity",
        "windows",
    }
)
ARGUMENTS: Mapping[str, frozenset[str] | set[str]] = {
    "expect_column_distinct_values_to_be_in_set": _COLUMN | {"value_set"},
    "expect_column_distinct_values_to_contain_set": _COLUMN | {"value_set"},
    "expect_column_distinct_values_to_equal_set": _COLUMN | {"value_set"},
    "expect_column_kl_divergence_to_be_less_than": _COLUMN
    | {
        "bucketize_data",
        "internal_weight_holdout",
        "max_value",
        "min_value",
        "partition_object",
        "tail_weight_holdout",
        "threshold",
    },
    "expect_column_max_to_be_between": _COLUMN | _BOUNDS,
    "expect_column_mean_to_be_between": _COLUMN | _BOUNDS,
    "expect_column_median_to_be_between": _COLUMN | _BOUNDS,
    "expect_column_min_to_be_between": _COLUMN | _BOUNDS,
    "expect_column_most_common_value_to_be_in_set": _COLUMN | {"ties_okay", "value_set"},
    "expect_column_pair_values_a_to_be_greater_than_b": _PAIR | {"or_equal"},
    "expect_column_pair_values_to_be_equal": _PAIR,
    "expect_column_pair_values_to_be_in_set": _PAIR | {"value_pairs_set"},
    "expect_column_proportion_of_non_null_values_to_be_between": _COLUMN | _BOUNDS,
    "expect_column_proportion_of_unique_values_to_be_between": _COLUMN | _BOUNDS,
    "expect_column_quantile_values_to_be_between": _COLUMN | {"allow_relative_error", "quantile_ranges"},
    "expect_column_stdev_to_be_between": _COLUMN | _BOUNDS,
    "expect_column_sum_to_be_between": _COLUMN | _BOUNDS,
    "expect_column_to_exist": {"column", "column_index"},
    "expect_column_type_to_be": {"column", "type_"},
    "expect_column_unique_value_count_to_be_between": _COLUMN | _BOUNDS,
    "expect_column_value_lengths_to_be_between": _VALUE | _BOUNDS,
    "expect_column_value_lengths_to_equal": _VALUE | {"value"},
    "expect_column_value_z_scores_to_be_less_than": _VALUE | {"double_sided", "threshold"},
    "expect_column_values_to_be_between": _VALUE | _BOUNDS,
    "expect_column_values_to_be_dateutil_parseable": _VALUE,
    "expect_column_values_to_be_decreasing": _VALUE | {"strictly"},
    "expect_column_values_to_be_in_set": _VALUE | {"value_set"},
    "expect_column_values_to_be_in_type_list": _VALUE | {"type_list"},
    "expect_column_values_to_be_increasing": _VALUE | {"strictly"},
    "expect_column_values_to_be_json_parseable": _VALUE,
    "expect_column_values_to_be_null": _VALUE,
    "expect_column_values_to_be_of_type": _VALUE | {"type_"},
    "expect_column_values_to_be_unique": _VALUE,
    "expect_column_values_to_match_json_schema": _VALUE | {"json_schema"},
    "expect_column_values_to_match_like_pattern": _VALUE | {"escape", "like_pattern"},
    "expect_column_values_to_match_like_pattern_list": _VALUE | {"escape", "like_pattern_list", "match_on"},
    "expect_column_values_to_match_regex": _VALUE | {"regex"},
    "expect_column_values_to_match_regex_list": _VALUE | {"match_on", "regex_list"},
    "expect_column_values_to_match_strftime_format": _VALUE | {"strftime_format"},
    "expect_column_values_to_not_be_in_set": _VALUE | {"value_set"},
    "expect_column_values_to_not_be_null": _VALUE,
    "expect_column_values_to_not_be_outliers": _VALUE | {"method", "multiplier"},
    "expect_column_values_to_not_match_like_pattern": _VALUE | {"escape", "like_pattern"},
    "expect_column_values_to_not_match_like_pattern_list": _VALUE | {"escape", "like_pattern_list"},
    "expect_column_values_to_not_match_regex": _VALUE | {"regex"},
    "expect_column_values_to_not_match_regex_list": _VALUE | {"regex_list"},
    "expect_compound_columns_to_be_unique": _SEVERAL,
    "expect_multicolumn_sum_to_equal": _SEVERAL | {"sum_total"},
    "expect_multicolumn_values_to_be_equal": _SEVERAL,
    "expect_query_results_to_match_comparison": {
        "base_query",
        "comparison_data_source_name",
        "comparison_query",
        "mostly",
    },
    "expect_select_column_values_to_be_unique_within_record": _SEVERAL,
    "expect_table_column_count_to_be_between": {"max_value", "min_value"},
    "expect_table_column_count_to_equal": {"value"},
    "expect_table_columns_to_match_ordered_list": {"column_list"},
    "expect_table_columns_to_match_set": {"column_set", "exact_match"},
    "expect_table_row_count_to_be_between": _ROWS | _BOUNDS,
    "expect_table_row_count_to_equal": _ROWS | {"value"},
    "expect_table_row_count_to_equal_other_table": _ROWS | {"other_table_name"},
    "unexpected_rows_expectation": {"unexpected_rows_query"},
}
KNOWN = frozenset(ARGUMENTS)
