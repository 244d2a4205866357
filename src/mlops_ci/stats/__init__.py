"""Pure functions on numbers: intervals, sequential evidence; no files, no clocks."""
