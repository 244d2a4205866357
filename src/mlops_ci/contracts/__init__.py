"""A Great Expectations suite as a plan of one scan, judged with the meaning Great Expectations gives it."""
